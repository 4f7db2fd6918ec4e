// What every page has: theme, sidebar filter, drawer, menus, messages, keys. The pages work without all of it.
"use strict";

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const stored = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* private window */ } },
};

function icon(name) {
  const sheet = find("use[href*='icons.svg']")?.getAttribute("href").split("#")[0] ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sheet}#${name}`);
  svg.append(use);
  return svg;
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}
window.admin = { find, all, icon, element };

// --- theme: auto, light, dark -------------------------------------------------------------------------------------
for (const button of all(".theme-toggle")) {
  const themes = ["auto", "light", "dark"], icons = { auto: "auto", light: "sun", dark: "moon" };
  let current = stored.get("theme");
  if (!themes.includes(current)) current = "auto";
  const show = () => {
    if (current === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = current;
    button.querySelector(".icon").replaceWith(icon(icons[current]));
    find(".theme-name", button).textContent = current;
    button.title = `Theme: ${current}`;
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    current = themes[(themes.indexOf(current) + 1) % themes.length];
    stored.set("theme", current);
    show();
  });
}

// --- sidebar filter --------------------------------------------------------------------------------------------------
const filter = find("#nav-filter");
if (filter) {
  filter.parentElement.hidden = false;
  const apply = () => {
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const app of all(".nav-app")) {
      let any = false;
      const inName = find("h2", app).textContent.toLowerCase().includes(wanted);
      for (const item of all("li", app)) {
        const match = inName || find(".nav-model", item).textContent.toLowerCase().includes(wanted);
        item.hidden = !match;
        any ||= match;
      }
      app.hidden = !any;
      shown += any;
    }
    find(".nav-empty").hidden = shown > 0;
    try { sessionStorage.setItem("admin.nav", filter.value); } catch { /* closed */ }
  };
  try { filter.value = sessionStorage.getItem("admin.nav") ?? ""; } catch { /* closed */ }
  if (filter.value) apply();
  filter.addEventListener("input", apply);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { filter.value = ""; apply(); }
    if (event.key === "Enter") {
      const first = all(".nav-app:not([hidden]) li:not([hidden]) a.nav-model")[0];
      if (first && filter.value) first.click();
    }
  });
}

// --- menus and panels close when one looks away -------------------------------------------------------------------------
const panels = "details.menu, details.filter";
document.addEventListener("click", (event) => {
  for (const panel of all(panels)) if (panel.open && !panel.contains(event.target)) panel.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const panel of all(panels))
    if (panel.open) { panel.open = false; find("summary", panel).focus(); }
  if (location.hash === "#nav-sidebar") { location.hash = "#content"; }
});

// --- messages ---------------------------------------------------------------------------------------------------------------
for (const message of all(".messagelist li")) {
  const close = element("button", { type: "button", "aria-label": "Dismiss" }, icon("close"));
  close.addEventListener("click", () => message.remove());
  message.append(close);
}

// --- an error summary takes the focus -----------------------------------------------------------------------------------------
find(".error-summary")?.focus();

// --- keys ----------------------------------------------------------------------------------------------------------------------
let before = "";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key, pair = before + key;
  before = key === "g" ? "g" : "";
  if (key === "/") {
    const box = find("#searchbar") ?? filter;
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  } else if (key === "?") {
    find("#shortcuts")?.showModal();
  } else if (key === "n") {
    find("a.addlink, .current-model .nav-add")?.click();
  } else if (pair === "gh") {
    find(".brand a")?.click();
  }
});
