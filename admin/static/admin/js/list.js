// The change list: choosing rows, the bar of actions, keys. Without it the bar stands above the table and works the same.
"use strict";
{
  const { find, all } = window.admin;
  const form = find("#changelist-form"), bar = find(".actions"), toggle = find("#action-toggle");
  const boxes = all("input.action-select"), results = find(".results");

  if (results) {
    const fit = () => {
      results.classList.remove("fits");
      results.classList.toggle("fits", results.scrollWidth <= results.clientWidth);
    };
    fit();
    addEventListener("resize", fit);
  }

  if (bar && boxes.length) {
    const counter = find(".action-counter", bar), across = find(".select-across", bar);
    const everything = find(".all", bar), question = find(".question", bar), clear = find(".clear", bar);
    const count = () => boxes.filter((box) => box.checked).length;
    const update = () => {
      const chosen = count(), page = boxes.length, everywhere = across.value === "1";
      for (const box of boxes) box.closest("tr").classList.toggle("selected", box.checked);
      toggle.checked = chosen === page;
      toggle.indeterminate = chosen > 0 && chosen < page;
      bar.classList.toggle("open", chosen > 0);
      counter.textContent = `${chosen} of ${page} selected`;
      counter.hidden = everywhere;
      if (everything) everything.hidden = !everywhere;
      if (question) question.hidden = everywhere || chosen < page;
      clear.hidden = chosen === 0;
    };
    let last = null;
    const only = () => { across.value = "0"; };
    for (const box of boxes)
      box.addEventListener("click", (event) => {
        only();
        if (event.shiftKey && last && last !== box) {
          const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
          for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
        }
        last = box;
        update();
      });
    toggle.addEventListener("click", () => {
      only();
      for (const box of boxes) box.checked = toggle.checked;
      update();
    });
    question?.querySelector("button").addEventListener("click", () => { across.value = "1"; update(); });
    clear.querySelector("button").addEventListener("click", () => {
      only();
      for (const box of boxes) box.checked = false;
      update();
    });
    update();

    // Edited cells are lost when an action runs: ask, as the page would be left.
    let edited = false;
    form.addEventListener("change", (event) => {
      if (event.target.matches("td input:not(.action-select), td select, td textarea")) edited = true;
    });
    form.addEventListener("submit", (event) => {
      if (event.submitter?.name === "index" && edited &&
          !confirm("You have unsaved changes on individual editable fields. If you run an action, your unsaved changes will be lost."))
        event.preventDefault();
    });
  }

  // j and k walk the rows, x ticks, Enter opens.
  let row = -1;
  const rows = all("#result_list tbody tr:not(.row-errors)");
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input:not(.action-select), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "j" && event.key !== "k" && event.key !== "x") return;
    if (event.key === "x") { find("input.action-select", rows[row] ?? rows[0])?.click(); return; }
    row = Math.min(Math.max(row + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
    find("th a, td a", rows[row])?.focus();
    rows[row]?.scrollIntoView({ block: "nearest" });
  });

  // In a pop-up the links choose instead of going there.
  for (const link of all("a[data-popup-opener]"))
    link.addEventListener("click", (event) => {
      if (!opener) return;
      event.preventDefault();
      const detail = { action: "choose", window: window.name, value: link.dataset.popupOpener, label: link.textContent.trim() };
      opener.document.dispatchEvent(new opener.CustomEvent("admin:related", { detail }));
      window.close();
    });
}
