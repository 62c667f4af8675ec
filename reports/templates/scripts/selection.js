// What a reader has chosen to see: for each facet the values that are switched off, and words that a row must have.

class Selection {
  #off = new Map();
  #listeners = [];
  words = [];

  /** Whether a value of a facet is to be seen. */
  shows(facet, value) {
    return !this.#off.get(facet)?.has(value);
  }

  /** How many values of a facet are switched off. */
  hidden(facet) {
    return this.#off.get(facet)?.size ?? 0;
  }

  get narrowed() {
    return this.words.length > 0 || [...this.#off.values()].some((values) => values.size > 0);
  }

  /** Switch values of a facet on or off. */
  set(facet, values, shown) {
    const off = this.#off.get(facet) ?? new Set();
    for (const value of values) shown ? off.delete(value) : off.add(value);
    this.#off.set(facet, off);
    this.#tell();
  }

  find(text) {
    this.words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.#tell();
  }

  /** Whether a text, in small letters, has all of the words. */
  finds(text) {
    return this.words.every((word) => text.includes(word));
  }

  reset() {
    this.#off.clear();
    this.words = [];
    this.#tell();
  }

  /** Call `listener` now and after every change. */
  follow(listener) {
    this.#listeners.push(listener);
    listener();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}
