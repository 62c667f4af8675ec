// A table's rows: their order, those that are left out, and how many of the rest are laid out.

// Laying 2,000 rows out anew takes a browser 100 ms and more, 200 rows a tenth of that. The next ones follow as a
// reader scrolls towards them, and all of them where the page is printed.
const LAID_OUT = 200;

class TableRows {
  #body;
  #frame;
  #end;
  #order;
  #left;
  #count = LAID_OUT;

  constructor(table) {
    this.table = table;
    this.#body = table.tBodies[0];
    this.all = this.#order = this.#left = [...this.#body.rows];
    this.#frame = table.closest(".scroll");
    this.#end = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && this.#grow());
    window.addEventListener("beforeprint", () => this.#lay(Infinity));
    window.addEventListener("afterprint", () => this.#lay(this.#count));
    this.#lay(this.#count);
  }

  /** How many rows are not left out. */
  get left() {
    return this.#left.length;
  }

  /** Put all rows into another order. */
  sort(rows) {
    this.#change(rows, new Set(this.#left));
  }

  /** Leave out the rows for which `passes(row)` is false. */
  filter(passes) {
    this.#change(this.#order, new Set(this.all.filter(passes)));
  }

  #change(order, kept) {
    this.#order = order;
    this.#left = order.filter((row) => kept.has(row));
    this.#count = LAID_OUT;
    this.#lay(this.#count);
    this.#frame.scrollTop = 0; // what comes first now is what was asked for
  }

  #lay(count) {
    this.#body.replaceChildren(...this.#left.slice(0, count));
    this.#watch(count);
  }

  #grow() {
    this.#body.append(...this.#left.slice(this.#count, this.#count + LAID_OUT));
    this.#count += LAID_OUT;
    this.#watch(this.#count);
  }

  /** Grow when the last row comes into sight, if there are more. */
  #watch(count) {
    this.#end.disconnect();
    if (count < this.#left.length) this.#end.observe(this.#body.lastElementChild);
  }
}
