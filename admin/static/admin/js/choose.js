// Selects, better: a search box with suggestions from the server (autocomplete_fields), and ticks with a filter for
// several values. The select stays in the form and keeps the values; without this script it is used as it is.
"use strict";
{
  const { find, all, element, icon } = window.admin;
  let serial = 0;

  function combobox(select) {
    const many = select.multiple, id = select.id, listId = `${id}_list`;
    const label = find(`label[for="${CSS.escape(id)}"]`);
    const input = element("input", {
      type: "text", role: "combobox", id: `${id}_search`, autocomplete: "off", "aria-expanded": "false", "aria-controls": listId,
      "aria-autocomplete": "list", "aria-label": label ? label.textContent.replace(/:$/, "") : select.closest("td")?.dataset.label ?? select.name,
      "aria-invalid": select.getAttribute("aria-invalid"), "aria-describedby": select.getAttribute("aria-describedby"), placeholder: "Search…",
    });
    const box = element("div", { class: "chooser-box" }, input);
    const list = element("ul", { class: "chooser-list", role: "listbox", id: listId, hidden: true, "aria-label": "Suggestions" });
    const holder = element("div", { class: "chooser" });
    select.before(holder);
    holder.append(select, box, list);
    if (label) label.htmlFor = input.id;

    let at = -1, page = 1, more = false, timer = 0, latest = 0;
    const options = () => all("[role=option]", list);
    const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const move = (to) => {
      const choices = options();
      if (!choices.length) return;
      at = (to + choices.length) % choices.length;
      choices.forEach((choice, index) => choice.classList.toggle("at", index === at));
      input.setAttribute("aria-activedescendant", choices[at].id);
      choices[at].scrollIntoView({ block: "nearest" });
    };
    const changed = () => { select.dispatchEvent(new Event("change", { bubbles: true })); };
    const show = () => {
      all(".chip", box).forEach((chip) => chip.remove());
      for (const option of [...select.selectedOptions].filter((o) => o.value !== "")) {
        const drop = element("button", { type: "button", "aria-label": `Remove ${option.textContent}` }, icon("close"));
        drop.addEventListener("click", () => { option.selected = false; if (!many) select.value = ""; changed(); input.focus(); });
        input.before(element("span", { class: "chip" }, option.textContent, drop));
      }
      input.placeholder = find(".chip", box) && !many ? "" : "Search…";
    };
    const take = (value, text) => {
      let option = [...select.options].find((o) => o.value === value);
      if (!option) select.append(option = new Option(text, value));
      if (many) option.selected = !option.selected; else select.value = value;
      input.value = "";
      close();
      changed();
    };
    const load = async () => {
      const turn = ++latest, url = new URL(select.dataset.ajaxUrl, location.href);
      const query = { term: input.value, page, app_label: select.dataset.appLabel, model_name: select.dataset.modelName, field_name: select.dataset.fieldName };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      let answer = null;
      try { const got = await fetch(url, { headers: { Accept: "application/json" } }); if (got.ok) answer = await got.json(); } catch { /* said below */ }
      if (turn !== latest) return;
      if (page === 1) list.replaceChildren();
      find(".note", list)?.remove();
      if (!answer) list.append(element("li", { class: "note", role: "presentation" }, "The server did not answer."));
      else {
        for (const result of answer.results) {
          const chosen = [...select.selectedOptions].some((o) => o.value === String(result.id));
          const item = element("li", { role: "option", id: `${listId}_${serial++}`, "aria-selected": String(chosen) }, result.text);
          item.addEventListener("mousedown", (event) => { event.preventDefault(); take(String(result.id), result.text); });
          list.append(item);
        }
        more = answer.pagination.more;
        if (!options().length) list.append(element("li", { class: "note", role: "presentation" }, "No results found"));
      }
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
    };
    const open = () => { page = 1; at = -1; load(); };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(open, 160); });
    input.addEventListener("click", () => { if (list.hidden) open(); });
    input.addEventListener("blur", close);
    list.addEventListener("scroll", () => {
      if (more && list.scrollTop + list.clientHeight > list.scrollHeight - 40) { more = false; page++; load(); }
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") { event.preventDefault(); if (list.hidden) open(); else move(at + 1); }
      else if (event.key === "ArrowUp") { event.preventDefault(); move(at - 1); }
      else if (event.key === "Enter" && !list.hidden) { event.preventDefault(); options()[at]?.dispatchEvent(new MouseEvent("mousedown", { cancelable: true })); }
      else if (event.key === "Escape") close();
      else if (event.key === "Backspace" && !input.value) { const last = [...select.selectedOptions].filter((o) => o.value !== "").pop(); if (last) { if (many) last.selected = false; else select.value = ""; changed(); } }
    });
    box.addEventListener("mousedown", (event) => { if (event.target === box) { event.preventDefault(); input.focus(); if (list.hidden) open(); } });
    select.addEventListener("change", show);
    show();
  }

  function ticks(select) {
    const label = find(`label[for="${CSS.escape(select.id)}"]`);
    const filter = element("input", { type: "search", placeholder: "Filter…", "aria-label": `Filter ${label?.textContent.replace(/:$/, "").toLowerCase() ?? "choices"}`, autocomplete: "off", id: `${select.id}_filter` });
    const count = element("span", { role: "status" }), list = element("ul", { tabindex: "0", "aria-label": label?.textContent.replace(/:$/, "") ?? select.name });
    const holder = element("div", { class: "ticks" }, element("div", {}, filter, count), list);
    select.before(holder);
    select.hidden = true;
    if (label) label.htmlFor = filter.id;
    const show = () => {
      const chosen = select.selectedOptions.length;
      count.textContent = `${chosen} of ${select.options.length} chosen`;
    };
    const build = () => {
      list.replaceChildren(...[...select.options].map((option) => {
        const box = element("input", { type: "checkbox" });
        box.checked = option.selected;
        box.addEventListener("change", () => { option.selected = box.checked; show(); });
        return element("li", {}, element("label", {}, box, element("span", {}, option.textContent)));
      }));
      show();
    };
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
    });
    filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    select.addEventListener("change", build);
    build();
  }

  const enhance = (within) => {
    for (const select of all("select.admin-autocomplete", within)) if (!select.closest(".empty-form, .chooser")) combobox(select);
    for (const select of all("select[multiple]:not(.admin-autocomplete)", within)) if (!select.closest(".empty-form") && !select.hidden) ticks(select);
  };
  enhance(document);
  document.addEventListener("formset:added", (event) => enhance(event.target));
}
