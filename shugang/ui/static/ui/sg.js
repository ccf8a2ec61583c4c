"use strict";
/* Everything here makes a page more comfortable; every page works without it. */
(function () {
  const root = document.documentElement;

  function setSize(large) {
    if (large) root.dataset.size = "lg"; else delete root.dataset.size;
    document.cookie = "size=" + (large ? "lg" : "normal") + ";path=/;max-age=31536000;samesite=lax";
    document.querySelectorAll("[data-act=size]").forEach(b => b.setAttribute("aria-pressed", String(large)));
    document.dispatchEvent(new CustomEvent("sg:size"));
  }

  function toggleMenu(button) {
    const head = button.closest(".sg-head"), open = head.classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
    if (open) head.querySelector(".sg-search input, .sg-nav a").focus();
  }

  function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    if (!source || !navigator.clipboard) return;
    navigator.clipboard.writeText(source.textContent.trim()).then(function () {
      const word = button.querySelector("span");
      if (word) word.textContent = button.dataset.done;
    });
  }

  document.addEventListener("click", function (event) {
    const target = event.target.closest("[data-act],[data-copy]");
    if (!target) return;
    if (target.dataset.copy) return copy(target);
    if (target.dataset.act === "size") { event.preventDefault(); setSize(root.dataset.size !== "lg"); }
    if (target.dataset.act === "menu") { event.preventDefault(); toggleMenu(target); }
    if (target.dataset.act === "print") window.print();
  });

  document.addEventListener("keydown", function (event) {
    const head = document.querySelector(".sg-head.open");
    if (event.key !== "Escape" || !head) return;
    const button = head.querySelector("[data-act=menu]");
    toggleMenu(button);
    button.focus();
  });

  /* One submission per form: the server's idempotency key is the guarantee, this only says so at once. */
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    form.dataset.sent = "1";
    const button = event.submitter;
    if (button && button.dataset.busy) { button.setAttribute("aria-disabled", "true"); button.textContent = button.dataset.busy; }
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(f => { delete f.dataset.sent; });
  });

  /* Chosen plan: for kernels without :has(). */
  document.addEventListener("change", function (event) {
    if (!event.target.closest(".sg-plan")) return;
    document.querySelectorAll(".sg-plan").forEach(p => p.classList.toggle("on", p.querySelector("input").checked));
  });

  function focusAlert(scope) {
    const alert = (scope || document).querySelector("[data-focus]");
    if (alert) alert.focus();
  }
  document.addEventListener("DOMContentLoaded", function () {
    focusAlert();
    const menu = document.querySelector("[data-act=menu]");
    if (menu) { menu.setAttribute("role", "button"); menu.setAttribute("aria-expanded", "false"); }
    /* The wide scrolling areas take the keyboard only where they really scroll. */
    document.querySelectorAll(".sg-t-x").forEach(e => { if (e.scrollWidth <= e.clientWidth) e.removeAttribute("tabindex"); });
    const here = document.querySelector(".sg-side a[aria-current]");
    if (here && here.parentElement.scrollWidth > here.parentElement.clientWidth) here.scrollIntoView({inline: "center", block: "nearest"});
  });
  document.addEventListener("htmx:afterSwap", event => focusAlert(event.target));
})();
