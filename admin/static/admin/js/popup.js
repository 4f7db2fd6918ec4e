// The last page of a pop-up: tells the window that opened it what was saved, and closes.
"use strict";
{
  const data = JSON.parse(document.body.dataset.popupResponse);
  if (opener) {
    const detail = { action: data.action ?? "add", window: window.name, value: data.value, newValue: data.new_value, label: data.obj };
    opener.document.dispatchEvent(new opener.CustomEvent("admin:related", { detail }));
    window.close();
  }
}
