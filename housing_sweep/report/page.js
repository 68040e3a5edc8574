"use strict";
// Sort a table by the column whose name is pressed; empty cells stay last.
for (const table of document.querySelectorAll("table.trials")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => row.cells[column].dataset.v;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const x = value(a), y = value(b);
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      return up ? order : -order;
    });
    table.tBodies[0].append(...rows);
  }));
}
// Point at a trial anywhere, see it everywhere.
let shown = [];
const show = (trial) => {
  shown.forEach((mark) => mark.classList.remove("on"));
  document.body.classList.toggle("following", Boolean(trial));
  shown = trial ? [...document.querySelectorAll(`[data-trial="${CSS.escape(trial)}"]`)] : [];
  shown.forEach((mark) => mark.classList.add("on"));
};
document.addEventListener("pointerover", (event) => {
  const mark = event.target.closest("[data-trial]");
  show(mark ? mark.dataset.trial : "");
});
