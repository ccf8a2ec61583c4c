"use strict";
/* Shows how far a form[data-upload] has sent its file; without this script the form works as any other. */
(function () {
  function show(form, loaded, total) {
    let bar = form.querySelector("progress"), word = form.querySelector("[data-said]");
    if (!bar) {
      bar = document.createElement("progress");
      word = document.createElement("p");
      word.className = "sg-hint";
      word.dataset.said = "";
      word.setAttribute("role", "status");
      form.append(bar, word);
    }
    bar.max = total;
    bar.value = loaded;
    const percent = total ? Math.floor(100 * loaded / total) : 0;
    word.textContent = loaded < total ? form.dataset.upload + " " + percent + "%" : form.dataset.after;
    if (loaded >= total) bar.removeAttribute("value");
  }

  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (!form.dataset.upload || !form.querySelector("input[type=file]").files.length) return;
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", e => show(form, e.loaded, e.total));
    request.addEventListener("load", function () {
      history.replaceState(null, "", request.responseURL);
      document.open();
      document.write(request.responseText);
      document.close();
    });
    request.addEventListener("error", () => form.submit());
    request.send(new FormData(form));
  });
})();
