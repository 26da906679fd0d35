"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const search = form.elements.namedItem("search");
  const told = document.getElementById("told");
  const sections = [...document.querySelectorAll("section.scope")].map((section) => ({
    section,
    name: section.querySelector("h2").textContent.toLowerCase(),
    rows: [...section.querySelectorAll("tr[data-kind]")].map((row) => ({ row, text: null })),
  }));
  const all = sections.reduce((sum, { rows }) => sum + rows.length, 0);

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kinds = new Set([...form.querySelectorAll("input[name=kind]:checked")].map((box) => box.value));
    const unmanaged = form.elements.namedItem("unmanaged")?.checked ?? false;
    let shown = 0;
    for (const { section, name, rows } of sections) {
      let here = 0;
      for (const entry of rows) {
        const { row } = entry;
        entry.text ??= name + " " + row.textContent.toLowerCase();
        const fits = kinds.has(row.dataset.kind)
          && (!unmanaged || row.dataset.unmanaged !== undefined)
          && words.every((word) => entry.text.includes(word));
        if (row.hidden === fits) row.hidden = !fits;
        here += fits ? 1 : 0;
      }
      section.hidden = here === 0;
      shown += here;
    }
    told.textContent = `${shown} of ${all} rows`;
  };

  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  };
  form.hidden = false;
  form.addEventListener("input", soon);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  apply();
})();
