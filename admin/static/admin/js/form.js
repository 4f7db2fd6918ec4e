// Forms: unsaved guard, Ctrl+S, slugs, Today and Now, inlines, related objects in pop-ups. The pages work without all of it.
"use strict";
{
  const { find, all, element, icon } = window.admin;
  const form = find("form.object-form") ?? find("#changelist-form");

  // --- leaving with unsaved changes --------------------------------------------------------------------------------------
  if (form?.matches(".object-form")) {
    const state = () => {
      const data = new FormData(form);
      data.delete("csrfmiddlewaretoken");
      return new URLSearchParams([...data].map(([k, v]) => [k, v instanceof File ? v.name : v])).toString();
    };
    let before = state(), leaving = false;
    // Scripts that shape the form (choose.js, empty inlines) run right behind this one.
    setTimeout(() => { before = state(); });
    form.addEventListener("submit", () => { leaving = true; });
    addEventListener("pageshow", () => { leaving = false; });
    addEventListener("beforeunload", (event) => {
      if (!leaving && state() !== before) event.preventDefault();
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || !form) return;
    const save = find("input[name=_continue]", form) ?? find("input[name=_save]", form) ?? find("input[type=submit].default", form);
    if (save) { event.preventDefault(); form.requestSubmit(save); }
  });

  // --- slugs -----------------------------------------------------------------------------------------------------------------
  const letters = {
    ß: "ss", æ: "ae", Æ: "AE", ø: "o", Ø: "O", œ: "oe", Œ: "OE", ł: "l", Ł: "L", đ: "d", Đ: "D", ð: "d", Ð: "D", þ: "th", Þ: "TH", ı: "i",
    а: "a", б: "b", в: "v", г: "g", ґ: "g", д: "d", е: "e", є: "ie", ж: "zh", з: "z", и: "i", і: "i", к: "k", л: "l", м: "m", н: "n", о: "o",
    п: "p", р: "r", с: "s", т: "t", у: "u", ф: "f", х: "h", ц: "c", ч: "ch", ш: "sh", щ: "sh", ъ: "", ы: "y", ь: "", э: "e", ю: "yu", я: "ya",
    α: "a", β: "v", γ: "g", δ: "d", ε: "e", ζ: "z", η: "i", θ: "th", ι: "i", κ: "k", λ: "l", μ: "m", ν: "n", ξ: "x", ο: "o", π: "p", ρ: "r",
    σ: "s", ς: "s", τ: "t", υ: "y", φ: "f", χ: "ch", ψ: "ps", ω: "o",
  };
  const slug = (text, length, unicode) => {
    let plain = text.toLowerCase();
    if (unicode) plain = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "");
    else plain = [...plain.normalize("NFD").replace(/\p{M}/gu, "")].map((c) => letters[c] ?? c).join("").replace(/[^a-z0-9\s_-]/g, "");
    return plain.trim().replace(/[-\s]+/g, "-").slice(0, length || 200).replace(/^[-_]+|[-_]+$/g, "");
  };
  const prepopulate = (rules, prefix = "") => {
    for (const rule of rules) {
      const target = document.getElementById(`id_${prefix}${rule.name}`);
      const sources = rule.from.map((name) => document.getElementById(`id_${prefix}${name}`)).filter(Boolean);
      if (!target || !sources.length || target.value) continue;
      let own = false;
      target.addEventListener("input", () => { own = target.value !== ""; });
      const fill = () => {
        if (own) return;
        target.value = slug(sources.map((s) => s.selectedOptions ? s.selectedOptions[0]?.textContent ?? "" : s.value).filter(Boolean).join(" "), rule.maxLength, rule.allowUnicode);
      };
      for (const source of sources) for (const kind of ["input", "change"]) source.addEventListener(kind, fill);
    }
  };
  if (form?.dataset.prepopulated) prepopulate(JSON.parse(form.dataset.prepopulated));

  // --- Today and Now ------------------------------------------------------------------------------------------------------------
  const pad = (n) => String(n).padStart(2, "0");
  const today = (now) => `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
  const time = (now) => `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}`;
  const shortcuts = (within) => {
    for (const holder of all(".datetime, .vDateField, .vTimeField", within)) {
      if (holder.matches("input") && holder.closest(".datetime")) continue;
      if (holder.dataset.ready || holder.closest(".empty-form")) continue;
      holder.dataset.ready = "yes";
      const inputs = holder.matches("input") ? [holder] : all("input", holder);
      const date = inputs.find((i) => i.matches(".vDateField")), clock = inputs.find((i) => i.matches(".vTimeField"));
      const button = element("button", { type: "button", class: "link" }, date && clock ? "Now" : date ? "Today" : "Now");
      button.addEventListener("click", () => {
        const now = new Date();
        if (date) date.value = today(now);
        if (clock) clock.value = time(now);
        (date ?? clock).dispatchEvent(new Event("change", { bubbles: true }));
        (date ?? clock).focus();
      });
      const bar = element("span", { class: "datetimeshortcuts" }, button);
      if (holder.matches("input")) holder.after(bar); else holder.append(bar);
    }
  };
  shortcuts(document);

  // --- inlines: add and remove ----------------------------------------------------------------------------------------------------
  for (const group of all(".inline-group")) {
    const prefix = group.dataset.prefix, empty = find(".empty-form", group), adder = find(".add-row", group);
    const total = document.getElementById(`id_${prefix}-TOTAL_FORMS`), most = document.getElementById(`id_${prefix}-MAX_NUM_FORMS`);
    if (!total) continue;
    const rename = (within, from, to) => {
      const swap = (text) => text.replace(from, to);
      for (const node of [within, ...all("*", within)])
        for (const name of ["id", "name", "for", "aria-describedby", "href", "data-prefix"])
          if (node.hasAttribute(name)) node.setAttribute(name, swap(node.getAttribute(name)));
    };
    const full = () => most && most.value !== "" && Number(most.value) <= Number(total.value);
    const refresh = () => { if (adder) adder.hidden = !empty || full(); };
    const removable = (row) => {
      const cell = find(".delete", row) ?? row;
      const button = element("button", { type: "button", class: "inline-deletelink", "aria-label": `Remove this ${group.dataset.things}`, title: "Remove" }, icon("close"));
      cell.replaceChildren(button);
      button.addEventListener("click", () => {
        row.remove();
        const rows = all(`.dynamic-${prefix}, .has_original`, group);
        rows.forEach((other, index) => {
          rename(other, new RegExp(`${prefix}-\\d+`), `${prefix}-${index}`);
          const label = find(".inline_label", other);
          if (label && !other.matches(".has_original")) label.textContent = `#${index + 1}`;
        });
        total.value = rows.length;
        refresh();
        (find("button", adder) ?? group).focus();
        document.dispatchEvent(new CustomEvent("formset:removed", { detail: { formsetName: prefix } }));
      });
    };
    for (const row of all(".is-extra", group)) removable(row);
    for (const box of all(".has_original .delete input[type=checkbox]", group))
      box.addEventListener("change", () => box.closest(".form-row, .inline-related").classList.toggle("gone", box.checked));
    refresh();
    adder?.querySelector("button").addEventListener("click", () => {
      const number = Number(total.value), row = empty.cloneNode(true);
      row.hidden = false;
      row.classList.replace("empty-form", `dynamic-${prefix}`);
      row.classList.add("is-extra");
      row.id = `${prefix}-${number}`;
      rename(row, /__prefix__/g, String(number));
      const label = find(".inline_label", row);
      if (label) label.textContent = `#${number + 1}`;
      removable(row);
      empty.before(row);
      total.value = number + 1;
      shortcuts(row);
      refresh();
      row.dispatchEvent(new CustomEvent("formset:added", { bubbles: true, detail: { formsetName: prefix } }));
      find("input:not([type=hidden]), select, textarea", row)?.focus();
    });
  }

  // --- related objects in a small window ------------------------------------------------------------------------------------------
  const control = (link) => document.getElementById(link.id.replace(/^(change|add|delete|view|lookup)_/, ""));
  const point = (select) => {
    for (const link of all("a[data-href-template]", select.closest(".related-widget-wrapper") ?? document.body)) {
      if (select.value) link.href = link.dataset.hrefTemplate.replace("__fk__", encodeURIComponent(select.value));
      else link.removeAttribute("href");
    }
  };
  for (const select of all(".related-widget-wrapper select:not([multiple])")) {
    point(select);
    select.addEventListener("change", () => point(select));
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-popup=yes]");
    if (!link || !link.href || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const url = new URL(link.href);
    url.searchParams.set("_popup", "1");
    const opened = window.open(url, link.id, "width=860,height=640,resizable=yes,scrollbars=yes");
    if (opened) { event.preventDefault(); opened.focus(); }
  });
  document.addEventListener("admin:related", ({ detail }) => {
    const link = document.getElementById(detail.window), target = link && control(link);
    if (!target) return;
    const { action, value, newValue, label } = detail;
    if (target.matches("select")) {
      const ref = link.closest(".related-widget-wrapper")?.dataset.modelRef;
      const same = ref ? all(`.related-widget-wrapper[data-model-ref="${CSS.escape(ref)}"] select`) : [target];
      for (const select of same.includes(target) ? same : [target, ...same]) {
        const option = [...select.options].find((o) => o.value === String(value));
        if (action === "delete") option?.remove();
        else if (action === "change") { if (option) { option.textContent = label; option.value = newValue; } }
        else if (!option) select.append(new Option(label, value, false, false));
      }
      if (action === "add" || action === "choose")
        if (target.multiple) [...target.options].find((o) => o.value === String(value)).selected = true;
        else target.value = value;
    } else if (action === "add" || action === "choose") {
      target.value = target.matches(".vManyToManyRawIdAdminField") && target.value ? `${target.value},${value}` : value;
    }
    target.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
