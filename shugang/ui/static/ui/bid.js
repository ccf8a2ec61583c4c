"use strict";
/* Seals a bid in the browser: form[data-seal] keeps amount and salt to itself, offers them as a file, and sends only
   SHA-256 of their RFC 8785 form (shugang/market/auction/sealing.py). form[data-unseal] reads such a file back. */
(function () {
  const hex = bytes => Array.from(new Uint8Array(bytes), b => b.toString(16).padStart(2, "0")).join("");

  /* 元 as text, at most two decimals → whole 分, by digits alone; 0 for what is no amount. */
  function fen(text) {
    const found = /^(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text.trim().replaceAll(",", ""));
    const whole = found ? Number(found[1] + (found[2] || "").padEnd(2, "0")) : 0;
    return whole <= 1e15 ? whole : 0;
  }

  /* Keys in order and no spaces: for these ASCII values JSON.stringify is RFC 8785. */
  function canonical(form, amount, salt) {
    return JSON.stringify({amount_fen: amount, auction: form.dataset.auction, bidder: form.dataset.bidder,
                           kind: "shugang-sealed-bid-v1", salt: salt});
  }

  async function seal(form) {
    const amount = fen(form.querySelector("[data-amount]").value), said = form.querySelector("[data-said]");
    if (!amount) { said.textContent = form.dataset.wrong; return; }
    if (amount < Number(form.dataset.reserve)) { said.textContent = form.dataset.low; return; }
    if (!window.crypto || !crypto.subtle) { said.textContent = form.dataset.insecure; return; }
    const text = canonical(form, amount, hex(crypto.getRandomValues(new Uint8Array(32))));
    const digest = hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    const link = form.querySelector("[data-file]");
    if (link.href) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
    link.download = form.dataset.auction + "-" + form.dataset.bidder + ".json";
    form.querySelector("[name=commitment]").value = digest;
    form.querySelectorAll("[data-after]").forEach(e => { e.hidden = false; });
    said.textContent = "";
    link.click();
  }

  document.querySelectorAll("form[data-seal]").forEach(function (form) {
    const button = form.querySelector("[data-make]");
    form.querySelectorAll("[data-script]").forEach(e => { e.hidden = false; });
    button.addEventListener("click", () => seal(form));
    form.querySelector("[data-amount]").addEventListener("keydown", function (event) {
      if (event.key === "Enter") { event.preventDefault(); seal(form); }
    });
    form.querySelector("[data-amount]").addEventListener("input", function () {
      form.querySelector("[name=commitment]").value = "";
      form.querySelectorAll("[data-after]").forEach(e => { e.hidden = true; });
    });
  });

  document.querySelectorAll("form[data-unseal]").forEach(function (form) {
    const file = form.querySelector("input[type=file]");
    form.querySelectorAll("[data-script]").forEach(e => { e.hidden = false; });
    file.addEventListener("change", async function () {
      if (file.files[0]) form.querySelector("[name=opening]").value = await file.files[0].text();
    });
  });
})();
