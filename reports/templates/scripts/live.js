// Follows the server's events, and says so when they end.

const ENDED = "The sweep no longer answers: it is over, or was stopped. Its records are kept.";
const told = document.getElementById("told");
const source = new EventSource("/events");
let over = false;

source.addEventListener("picture", ({ data }) => show(JSON.parse(data)));
source.addEventListener("report", ({ data }) => offer(JSON.parse(data)));
source.addEventListener("end", () => {
  over = true;
  source.close();
});
source.onerror = () => {
  if (!over) tell(ENDED);
  source.close();
};

function show(picture) {
  if (picture.problem) return tell(picture.problem);
  document.getElementById("facts").replaceChildren(...factsOf(picture).map(fact));
  const bar = document.getElementById("bar");
  bar.hidden = !picture.total;
  if (picture.total) Object.assign(bar, { max: picture.total, value: picture.done });
  for (const [id, rows] of Object.entries(rowsOf(picture))) {
    const section = document.getElementById(id);
    section.hidden = rows.length === 0;
    section.querySelector("tbody").replaceChildren(...rows);
  }
  document.title = `${picture.done}${picture.total === null ? "" : `/${picture.total}`} opbench: ${picture.name}`;
  tell(said(picture));
}

/** What to know besides the figures; "" where there is nothing. */
function said(picture) {
  if (picture.state === "ended early") return "Ended before it was finished; --resume goes on with it.";
  if (picture.state === "finished" && !picture.report) return "All cases are on record; the report is being written.";
  return picture.report ? `The report is at ${picture.report}.` : "";
}

function tell(text) {
  told.hidden = text === "";
  if (told.textContent !== text) told.textContent = text;
}

/** The report came with the last event, since nobody is there to be asked for it when somebody opens it. */
function offer(text) {
  const link = URL.createObjectURL(new Blob([text], { type: "text/html" }));
  told.append(" ", element("a", { href: link, target: "_blank" }, "Open the report"));
}
