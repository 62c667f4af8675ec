// A run while it is written: from a picture of the server's to facts and rows.

const SHOWN = 15;

/** `2:05`, `1:02:05` of seconds. */
function clockTime(value) {
  const whole = Math.max(0, Math.round(value));
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
  return parts.map((part, at) => (at ? String(part).padStart(2, "0") : String(part))).join(":");
}

/** Name and value, in reading order, of what is known. */
function factsOf(picture) {
  const over = ["finished", "ended early"].includes(picture.state);
  const pairs = [
    ["State", picture.state],
    ["On record", picture.total === null ? `${picture.done}` : `${picture.done} of ${picture.total} cases`],
    ["Time left", picture.left_s === null ? null : clockTime(picture.left_s)],
    ["Elapsed", picture.elapsed_s === null ? null : clockTime(picture.elapsed_s)],
    ["Last row", over || picture.since_s === null ? null : `${clockTime(picture.since_s)} ago`],
    ["Measured", String(picture.counts.measured ?? 0)],
    ["Unavailable", picture.counts.unavailable ? String(picture.counts.unavailable) : null],
    ["Wrong or failed", String(picture.wrong)],
    ["Marked as contended", String(picture.marked)],
  ];
  return pairs.filter(([, value]) => value !== null);
}

function fact([name, value]) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

/** A row of a case, with these cells behind its backend. */
function caseRow(row, ...cells) {
  const wide = element("td", { class: "case" }, row.case);
  return element("tr", {}, wide, element("td", {}, element("code", {}, row.backend)), ...cells);
}

function outcomeRow(row) {
  const tag = row.kind === "measured" ? (row.marked ? "contended" : "") : row.kind;
  const wrong = row.kind === "failed" || row.kind === "mismatch";
  const words = tag ? [element("span", { class: wrong ? "tag alarm" : "tag" }, tag), ` ${row.words}`] : [row.words];
  return caseRow(row, element("td", { class: "long" }, ...words));
}

function slowRow(row) {
  const cell = (text) => element("td", { class: "n" }, text);
  return caseRow(row, cell(seconds(row.median_s)), cell(times(row.times)));
}

/** Rows of the page's three tables, by the id of their section. */
function rowsOf(picture) {
  return {
    failures: [...picture.failures, ...picture.contended].map(outcomeRow),
    latest: picture.latest.slice(0, SHOWN).map(outcomeRow),
    slowest: picture.slowest.map(slowRow),
  };
}
