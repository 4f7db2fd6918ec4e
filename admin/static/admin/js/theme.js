// Before the first paint: the visitor's theme, and a mark that scripts run. Loaded without defer, so it stays tiny.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch { /* storage may be closed: the system's theme it is */ }
})();
