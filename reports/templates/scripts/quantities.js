// Numbers for people, as reports/data/units.py writes them, and back.

const BELOW = ["", "m", "µ", "n", "p"];
const ABOVE = ["", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

// A number, perhaps in front of a prefix of SI or of powers of 1024: `12.5 µs`, `<0.1 %`, `1.50 MiB`, `50.2 M`.
const NUMBER = /^[<±]?\s*(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?:\s*([pnµmkKMGTPE])(i?)(?=s|B|$))?/;

function rounded(value, digits = 3) {
  return Number(value.toPrecision(digits));
}

/** That many significant digits without an exponent. */
function written(value, digits = 3) {
  if (value === 0) return "0";
  return value.toFixed(Math.min(20, Math.max(digits - 1 - Math.floor(Math.log10(Math.abs(value))), 0)));
}

function seconds(value) {
  if (value === 0) return "0 s";
  const near = rounded(value);
  const step = Math.min(Math.max(-Math.floor(Math.log10(Math.abs(near)) / 3), 0), BELOW.length - 1);
  return `${written(rounded(near * 1000 ** step))} ${BELOW[step]}s`;
}

function scaled(value, prefixes, base) {
  const near = rounded(value);
  let step = 0;
  while (step + 1 < prefixes.length && Math.abs(rounded(near / base ** step)) >= 1000) step += 1;
  return `${written(rounded(near / base ** step))} ${prefixes[step]}`;
}

const perSecond = (unit) => (value) => scaled(value, ABOVE, 1000) + unit;
const counted = (value) => scaled(value, ABOVE, 1000).trim();
const dataSize = (value) => (value < 1024 ? `${Math.round(value)} B` : `${scaled(value, BINARY, 1024)}B`);
const percent = (value) => `${written(rounded(100 * value, 2), 2)} %`;
const times = (value) => `${written(rounded(value))}×`;

/** Leave trailing zeros out of what `text` writes, for an axis. */
const tick = (text) => (value) => text(value).replace(/\.0+(?!\d)|(\.\d*[1-9])0+(?!\d)/, "$1");

/** The number that a text begins with, in the unit without its prefix; null where it begins with none. */
function numberIn(text) {
  const match = NUMBER.exec(text.trim());
  if (!match) return null;
  const [, digits, prefix = "", binary = ""] = match;
  if (binary) return Number(digits) * 1024 ** BINARY.indexOf(prefix + binary);
  return (
    Number(digits) *
    (BELOW.includes(prefix) ? 1000 ** -BELOW.indexOf(prefix) : 1000 ** Math.max(ABOVE.indexOf(prefix), 0))
  );
}
