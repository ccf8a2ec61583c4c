"use strict";
/* Sends the file of a form[data-upload] in pieces that survive a broken line (tus 1.0.0), with pause and resume, and
   follows conversions (.sg-upload[data-watch]) until they end. Without this script the form sends small files as any other. */
(function () {
  const PIECE = 8 * 1024 * 1024, TUS = {"Tus-Resumable": "1.0.0"};

  function base64(text) {
    return btoa(Array.from(new TextEncoder().encode(text), b => String.fromCharCode(b)).join(""));
  }

  function ask(method, address, headers, body, progress) {
    return new Promise(function (resolve, reject) {
      const request = new XMLHttpRequest();
      request.open(method, address);
      Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
      if (progress) request.upload.addEventListener("progress", e => progress(e.loaded));
      request.addEventListener("load", () => resolve(request));
      request.addEventListener("error", () => reject(new Error("network")));
      request.send(body || null);
    });
  }

  class Sending {
    constructor(form, file) {
      Object.assign(this, {form, file, offset: 0, address: "", paused: false, words: form.dataset});
      this.token = form.querySelector("[name=csrfmiddlewaretoken]").value;
      this.box = form.querySelector("[data-sending]");
      this.bar = this.box.querySelector("progress");
      this.said = this.box.querySelector("[data-said]");
      this.button = this.box.querySelector("[data-pause]");
      this.button.onclick = () => this.toggle();
      this.box.hidden = false;
      form.querySelectorAll("fieldset").forEach(f => { f.disabled = true; });
    }

    say(text) { this.said.textContent = text; }

    show(sent) {
      this.bar.max = this.file.size;
      this.bar.value = sent;
      this.say(this.words.upload + " " + Math.floor(100 * sent / this.file.size) + "%");
    }

    toggle() {
      this.paused = !this.paused;
      this.button.textContent = this.paused ? this.words.resume : this.words.pause;
      if (this.paused) this.say(this.words.paused); else this.run();
    }

    async begin() {
      const known = Array.from(document.querySelectorAll("[data-state=receiving]")).find(
        u => u.dataset.name === this.file.name && Number(u.dataset.size) === this.file.size);
      if (known) {
        this.address = "/api/v1/uploads/" + known.dataset.key;
        await this.ask_offset();
      } else {
        const said = {filename: this.file.name, dataset: this.words.dataset, keys: this.value("keys"),
                      append: this.value("mode") === "append" ? "1" : "0"};
        const metadata = Object.entries(said).filter(p => p[1]).map(([k, v]) => k + " " + base64(v)).join(",");
        const answer = await ask("POST", "/api/v1/uploads", {...TUS, "X-CSRFToken": this.token,
          "Upload-Length": String(this.file.size), "Upload-Metadata": metadata, "Content-Type": "application/octet-stream"});
        if (answer.status !== 201) return this.refused(answer);
        this.address = answer.getResponseHeader("Location");
      }
      return this.run();
    }

    value(name) {
      const field = this.form.elements[name];
      return field ? field.value : "";
    }

    async ask_offset() {
      const answer = await ask("HEAD", this.address, TUS);
      if (answer.status === 200) this.offset = Number(answer.getResponseHeader("Upload-Offset"));
      return answer;
    }

    refused(answer) {
      let body = {};
      try { body = JSON.parse(answer.responseText); } catch (_) { /* not ours: the line below */ }
      const english = document.documentElement.lang.startsWith("en");
      this.say((english ? body.message_en : body.message) || this.words.failed);
      this.said.setAttribute("role", "alert");
      this.button.hidden = true;
      this.form.querySelectorAll("fieldset").forEach(f => { f.disabled = false; });
    }

    /* Pieces until the end; a broken line is tried again, ever more slowly, from where the server stands. */
    async run() {
      let wait = 1000;
      while (!this.paused && this.offset < this.file.size) {
        try {
          const piece = this.file.slice(this.offset, this.offset + PIECE), start = this.offset;
          const answer = await ask("PATCH", this.address, {...TUS, "X-CSRFToken": this.token,
            "Upload-Offset": String(start), "Content-Type": "application/offset+octet-stream"}, piece,
            loaded => this.show(start + loaded));
          if (answer.status === 204) {
            this.offset = Number(answer.getResponseHeader("Upload-Offset"));
            wait = 1000;
            this.show(this.offset);
            continue;
          }
          if (![409, 423, 429, 502, 503, 504].includes(answer.status)) return this.refused(answer);
          await this.pause_for(wait);
          await this.ask_offset();
        } catch (_) {
          this.say(this.words.waiting);
          await this.pause_for(wait);
          try { await this.ask_offset(); } catch (_again) { /* the next round asks again */ }
        }
        wait = Math.min(wait * 2, 30000);
      }
      if (this.offset >= this.file.size) {
        this.say(this.words.after);
        location.assign(location.pathname + "#uploads");
        location.reload();
      }
    }

    pause_for(milliseconds) { return new Promise(done => setTimeout(done, milliseconds)); }
  }

  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (!form.dataset.upload) return;
    const files = form.querySelector("input[type=file]").files;
    if (!files.length || !files[0].size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const sending = new Sending(form, files[0]);
    sending.begin().catch(() => { sending.say(sending.words.failed); });
  }, true);

  function watch(box) {
    ask("GET", "/api/v1/uploads/" + box.dataset.key, {}).then(function (answer) {
      if (answer.status !== 200) return;
      const upload = JSON.parse(answer.responseText), bar = box.querySelector("progress");
      if (upload.state !== box.dataset.state) { location.reload(); return; }
      if (bar && upload.progress.total) { bar.max = upload.progress.total; bar.value = upload.progress.done; }
      setTimeout(() => watch(box), 1500);
    }, () => setTimeout(() => watch(box), 5000));
  }
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-watch]").forEach(watch));
})();
