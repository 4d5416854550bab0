/* A map on a canvas: no tiles, no network, no library. Coordinates are RD New in decimetres from a corner. */
(function () {
  "use strict";
  var source = document.getElementById("map-content");
  if (!source) { return; }
  var map = JSON.parse(source.textContent);
  var words = map.words, paint = map.colours, column = map.columns;
  var canvas = document.getElementById("map-canvas"), pen = canvas.getContext("2d");
  var tip = document.getElementById("map-tip"), panel = document.getElementById("map-panel");
  var legend = document.getElementById("map-legend"), chooser = document.getElementById("map-colour");
  var whole = new Intl.NumberFormat(map.locale), tenth = new Intl.NumberFormat(map.locale, { maximumFractionDigits: 1 });
  var hundredth = new Intl.NumberFormat(map.locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  var n = column.id.length, hidden = {}, picked = -1, hovered = -1;
  var view = { x: 0, y: 0, scale: 1 }, least = 1;

  function unfold(steps) {
    var flat = new Float64Array(steps.length), x = 0, y = 0;
    for (var i = 0; i < steps.length; i += 2) { x += steps[i]; y += steps[i + 1]; flat[i] = x; flat[i + 1] = y; }
    return flat;
  }
  var shapes = map.rings.map(function (rings) {
    var lines = rings.map(unfold), box = [Infinity, Infinity, -Infinity, -Infinity];
    lines.forEach(function (line) {
      for (var i = 0; i < line.length; i += 2) {
        box[0] = Math.min(box[0], line[i]); box[1] = Math.min(box[1], line[i + 1]);
        box[2] = Math.max(box[2], line[i]); box[3] = Math.max(box[3], line[i + 1]);
      }
    });
    return { lines: lines, box: box };
  });
  var areas = map.areas.map(function (area) { return { name: area.name, label: area.label, lines: area.rings.map(unfold) }; });
  var streets = map.streets.map(function (street) { return { main: street[0], line: unfold(street[1]) }; });

  /* ---- classes: what a parcel's colour says ---- */
  function byVerdict() {
    var keys = ["eligible", "conditional", "unknown", "excluded"];
    return { keys: keys.map(function (k) { return [k, words.verdict[k], paint.verdict[k]]; }), of: function (i) { return column.verdict[i]; } };
  }
  function isOpen(i) { return column.verdict[i] === "eligible" || column.verdict[i] === "conditional"; }
  function closedKey(i) { return column.verdict[i] === "excluded" ? "excluded" : "unknown"; }
  var closed = [["unknown", words.verdict.unknown, paint.verdict.unknown], ["excluded", words.verdict.excluded, paint.verdict.excluded]];
  function byBest() {
    var keys = map.flexmilieus.map(function (f, k) { return [f, words.flexmilieu[f], paint.series[k % paint.series.length]]; });
    return { keys: keys.concat([["none", words.not_suitable, paint.missing]], closed), of: function (i) {
      if (!isOpen(i)) { return closedKey(i); }
      if (column.best[i] !== null) { return column.best[i]; }
      return column.suitable[i] === null ? "unknown" : "none";
    } };
  }
  function byOwner() {
    var seen = Object.keys(words.owner).filter(function (o) { return o !== "onbekend" && column.owner.indexOf(o) >= 0; });
    var keys = seen.map(function (o, k) { return [o, words.owner[o], paint.series[k % paint.series.length]]; });
    return { keys: keys.concat([["onbekend", words.unknown, paint.missing]]), of: function (i) { return column.owner[i] === null ? "onbekend" : column.owner[i]; } };
  }
  function byUnits() {
    var some = column.expected.filter(function (u, i) { return isOpen(i) && u > 0; }).sort(function (a, b) { return a - b; });
    var bounds = [0.2, 0.4, 0.6, 0.8].map(function (q) { return some.length ? some[Math.floor(q * (some.length - 1))] : 0; })
      .filter(function (b, k, all) { return k === 0 || b > all[k - 1]; });
    var keys = bounds.concat([Infinity]).map(function (bound, k) {
      var low = k === 0 ? 1 : bounds[k - 1] + 1, high = bound === Infinity ? (some[some.length - 1] || low) : bound;
      return ["c" + k, whole.format(low) + (high > low ? " – " + whole.format(high) : ""), paint.ramp[k + paint.ramp.length - bounds.length - 1]];
    });
    return { keys: keys.concat([["zero", words.no_homes, paint.missing]], closed), of: function (i) {
      if (!isOpen(i)) { return closedKey(i); }
      var u = column.expected[i];
      if (!u) { return "zero"; }
      for (var k = 0; k < bounds.length; k++) { if (u <= bounds[k]) { return "c" + k; } }
      return "c" + bounds.length;
    } };
  }
  function byScore(flexmilieu) {
    var step = 100 / paint.ramp.length;
    var keys = paint.ramp.map(function (c, k) {
      return ["c" + k, tenth.format(k * step / 100) + " – " + tenth.format((k + 1) * step / 100), c];
    });
    keys = keys.concat([["noscore", words.no_score, paint.series[3]], ["none", words.not_suitable, paint.missing]], closed);
    return { keys: keys, of: function (i) {
      var met = map.outcomes[flexmilieu][i];
      if (!isOpen(i)) { return closedKey(i); }
      if (met === null) { return "unknown"; }
      if (met < 1) { return "none"; }
      var s = map.scores[flexmilieu][i];
      return s === null ? "noscore" : "c" + Math.min(paint.ramp.length - 1, Math.floor(s / step));
    } };
  }
  var classes, classOf = [];
  function recolour() {
    var choice = chooser.value;
    classes = choice === "verdict" ? byVerdict() : choice === "best" ? byBest() : choice === "units" ? byUnits()
      : choice === "owner" ? byOwner() : byScore(choice.slice(6));
    hidden = {};
    var counts = {};
    for (var i = 0; i < n; i++) { classOf[i] = classes.of(i); counts[classOf[i]] = (counts[classOf[i]] || 0) + 1; }
    legend.textContent = "";
    classes.keys.forEach(function (key) {
      if (!counts[key[0]]) { return; }
      var button = document.createElement("button"), swatch = document.createElement("span"), count = document.createElement("span");
      button.type = "button"; button.setAttribute("aria-pressed", "true");
      swatch.className = "swatch"; swatch.style.background = key[2];
      count.className = "count"; count.textContent = whole.format(counts[key[0]]);
      button.append(swatch, document.createTextNode(key[1]), count);
      button.addEventListener("click", function () {
        hidden[key[0]] = !hidden[key[0]]; button.setAttribute("aria-pressed", String(!hidden[key[0]])); draw();
      });
      legend.append(button);
    });
    draw();
  }
  function colourOf(i) {
    for (var k = 0; k < classes.keys.length; k++) { if (classes.keys[k][0] === classOf[i]) { return classes.keys[k][2]; } }
    return paint.missing;
  }

  /* ---- drawing ---- */
  function px(x) { return (x - view.x) * view.scale; }
  function py(y) { return canvas.clientHeight - (y - view.y) * view.scale; }
  function trace(line, close) {
    for (var i = 0; i < line.length; i += 2) {
      if (i) { pen.lineTo(px(line[i]), py(line[i + 1])); } else { pen.moveTo(px(line[i]), py(line[i + 1])); }
    }
    if (close) { pen.closePath(); }
  }
  function outside(box, w, h) { return px(box[2]) < 0 || px(box[0]) > w || py(box[1]) < 0 || py(box[3]) > h; }
  function fill(i) {
    var box = shapes[i].box;
    pen.beginPath();
    if (Math.max(box[2] - box[0], box[3] - box[1]) * view.scale < 3) {
      pen.rect(px((box[0] + box[2]) / 2) - 1.5, py((box[1] + box[3]) / 2) - 1.5, 3, 3);
    } else {
      shapes[i].lines.forEach(function (line) { trace(line, true); });
    }
    pen.fill("evenodd");
  }
  function draw() {
    var ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#f6f3ec"; pen.fillRect(0, 0, w, h);
    pen.lineJoin = "round"; pen.lineCap = "round";
    [0, 1].forEach(function (main) {
      if (!main && view.scale < 0.012) { return; }
      pen.beginPath();
      streets.forEach(function (street) { if (street.main === main) { trace(street.line, false); } });
      pen.strokeStyle = main ? "#d3cbbb" : "#e4decf"; pen.lineWidth = main ? 2.2 : 1.1; pen.stroke();
    });
    for (var i = 0; i < n; i++) {
      if (hidden[classOf[i]] || outside(shapes[i].box, w, h)) { continue; }
      pen.fillStyle = colourOf(i); pen.globalAlpha = classOf[i] === "excluded" ? 0.7 : 0.92; fill(i);
      if (view.scale > 0.02) { pen.globalAlpha = 0.55; pen.strokeStyle = "#fff"; pen.lineWidth = 0.7; pen.stroke(); }
    }
    pen.globalAlpha = 1;
    pen.beginPath();
    areas.forEach(function (area) { area.lines.forEach(function (line) { trace(line, true); }); });
    pen.strokeStyle = "#5b6470"; pen.lineWidth = 1.2; pen.setLineDash([6, 4]); pen.stroke(); pen.setLineDash([]);
    [hovered, picked].forEach(function (i) {
      if (i < 0) { return; }
      pen.beginPath(); shapes[i].lines.forEach(function (line) { trace(line, true); });
      pen.strokeStyle = "#14212e"; pen.lineWidth = i === picked ? 2.6 : 1.6; pen.stroke();
    });
    pen.font = "600 13px system-ui, 'Segoe UI', sans-serif"; pen.textAlign = "center";
    areas.forEach(function (area) {
      pen.lineWidth = 4; pen.strokeStyle = "rgba(251,249,244,.9)"; pen.strokeText(area.name, px(area.label[0]), py(area.label[1]));
      pen.fillStyle = "#34404c"; pen.fillText(area.name, px(area.label[0]), py(area.label[1]));
    });
    bar(h);
  }
  function bar(h) {
    var metres = 100 / view.scale / 10, power = Math.pow(10, Math.floor(Math.log10(metres)));
    var nice = [5, 2, 1].map(function (k) { return k * power; }).find(function (k) { return k <= metres; }) || power;
    var width = nice * 10 * view.scale, text = nice >= 1000 ? whole.format(nice / 1000) + " km" : whole.format(nice) + " m";
    pen.fillStyle = "rgba(251,249,244,.85)"; pen.fillRect(8, h - 34, width + 20, 28);
    pen.strokeStyle = "#34404c"; pen.lineWidth = 1.5; pen.beginPath();
    pen.moveTo(18, h - 18); pen.lineTo(18, h - 12); pen.lineTo(18 + width, h - 12); pen.lineTo(18 + width, h - 18); pen.stroke();
    pen.font = "11px system-ui, 'Segoe UI', sans-serif"; pen.textAlign = "left"; pen.fillStyle = "#34404c"; pen.fillText(text, 18, h - 21);
  }

  /* ---- moving ---- */
  function fit() {
    var w = canvas.clientWidth, h = canvas.clientHeight;
    least = Math.min(w / Math.max(map.size[0], 1), h / Math.max(map.size[1], 1)) * 0.92;
    view.scale = least;
    view.x = map.size[0] / 2 - w / 2 / least; view.y = map.size[1] / 2 - h / 2 / least;
    draw();
  }
  function zoom(factor, cx, cy) {
    var next = Math.min(Math.max(view.scale * factor, least * 0.5), 2), x = view.x + cx / view.scale;
    var y = view.y + (canvas.clientHeight - cy) / view.scale;
    view.x = x - cx / next; view.y = y - (canvas.clientHeight - cy) / next; view.scale = next; draw();
  }
  function centreZoom(factor) { zoom(factor, canvas.clientWidth / 2, canvas.clientHeight / 2); }
  function find(cx, cy) {
    var x = view.x + cx / view.scale, y = view.y + (canvas.clientHeight - cy) / view.scale, slack = 3 / view.scale;
    for (var i = n - 1; i >= 0; i--) {
      var box = shapes[i].box;
      if (hidden[classOf[i]] || x < box[0] - slack || x > box[2] + slack || y < box[1] - slack || y > box[3] + slack) { continue; }
      if (Math.max(box[2] - box[0], box[3] - box[1]) * view.scale < 6) { return i; }
      var inside = false;
      shapes[i].lines.forEach(function (line) {
        for (var a = 0, b = line.length - 2; a < line.length; b = a, a += 2) {
          if ((line[a + 1] > y) !== (line[b + 1] > y) &&
              x < (line[b] - line[a]) * (y - line[a + 1]) / (line[b + 1] - line[a + 1]) + line[a]) { inside = !inside; }
        }
      });
      if (inside) { return i; }
    }
    return -1;
  }

  /* ---- facts of a parcel ---- */
  function orUnknown(value, write) { return value === null || value === undefined ? words.unknown : write(value); }
  function units(i) { return whole.format(column.expected[i]) + " (" + whole.format(column.low[i]) + " – " + whole.format(column.high[i]) + ")"; }
  function facts(i) {
    var rows = map.panel.map(function (shown) {
      var told = shown.of[i], digits = { maximumFractionDigits: shown.digits };
      return [shown.heading, told < 0 ? shown.texts[-1 - told] : new Intl.NumberFormat(map.locale, digits).format(told)];
    }).filter(function (row) { return row[1] !== ""; });
    panel.textContent = "";
    var title = document.createElement("h3"), list = document.createElement("dl");
    title.textContent = column.id[i];
    rows.forEach(function (row) {
      var dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = row[0]; dd.textContent = row[1]; list.append(dt, dd);
    });
    panel.append(title, list);
    map.flexmilieus.forEach(function (f) {
      var met = map.outcomes[f][i], score = map.scores[f][i];
      if (met === -1) { return; }
      var line = document.createElement("div"), track = document.createElement("span"), mark = document.createElement("span");
      line.className = "scoreline"; line.append(document.createTextNode(words.flexmilieu[f]));
      track.className = "track"; mark.style.width = (score || 0) + "%";
      mark.style.background = met === 1 ? paint.verdict.eligible : paint.missing; track.append(mark);
      var text = document.createElement("span"); text.className = "outcome";
      text.textContent = met === null ? words.unknown : met === 1 ? orUnknown(score, function (s) { return hundredth.format(s / 100); }) : words.not_suitable;
      line.append(track, text); panel.append(line);
    });
  }
  function pick(i) { picked = i; if (i >= 0) { facts(i); } draw(); }

  var held = {}, moved = 0, spread = 0;
  canvas.addEventListener("pointerdown", function (e) { held[e.pointerId] = e; moved = 0; spread = 0; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointermove", function (e) {
    var rect = canvas.getBoundingClientRect(), cx = e.clientX - rect.left, cy = e.clientY - rect.top, ids = Object.keys(held);
    if (held[e.pointerId]) {
      var last = held[e.pointerId], dx = e.clientX - last.clientX, dy = e.clientY - last.clientY;
      held[e.pointerId] = e; moved += Math.abs(dx) + Math.abs(dy);
      if (ids.length === 1) { view.x -= dx / view.scale; view.y += dy / view.scale; draw(); }
      if (ids.length === 2) {
        var a = held[ids[0]], b = held[ids[1]], now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (spread) { zoom(now / spread, (a.clientX + b.clientX) / 2 - rect.left, (a.clientY + b.clientY) / 2 - rect.top); }
        spread = now;
      }
      tip.hidden = true; return;
    }
    var i = find(cx, cy);
    if (i !== hovered) { hovered = i; draw(); }
    canvas.style.cursor = i >= 0 ? "pointer" : "grab";
    tip.hidden = i < 0;
    if (i >= 0) {
      tip.textContent = column.id[i] + " · " + words.verdict[column.verdict[i]] + (column.verdict[i] === "excluded" ? "" : " · " + units(i) + " " + words.homes);
      tip.style.left = Math.min(cx + 14, rect.width - 260) + "px"; tip.style.top = (cy + 14) + "px";
    }
  });
  function release(e) { if (held[e.pointerId] && moved < 5) { var r = canvas.getBoundingClientRect(); pick(find(e.clientX - r.left, e.clientY - r.top)); } delete held[e.pointerId]; }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", function (e) { delete held[e.pointerId]; });
  canvas.addEventListener("pointerleave", function () { tip.hidden = true; if (hovered >= 0) { hovered = -1; draw(); } });
  canvas.addEventListener("wheel", function (e) {
    e.preventDefault(); var r = canvas.getBoundingClientRect(); zoom(Math.pow(1.0015, -e.deltaY), e.clientX - r.left, e.clientY - r.top);
  }, { passive: false });
  canvas.addEventListener("keydown", function (e) {
    var step = 60 / view.scale, known = true;
    if (e.key === "+" || e.key === "=") { centreZoom(1.4); } else if (e.key === "-") { centreZoom(1 / 1.4); }
    else if (e.key === "ArrowLeft") { view.x -= step; } else if (e.key === "ArrowRight") { view.x += step; }
    else if (e.key === "ArrowUp") { view.y += step; } else if (e.key === "ArrowDown") { view.y -= step; }
    else if (e.key === "Home") { fit(); } else { known = false; }
    if (known) { e.preventDefault(); draw(); }
  });
  document.getElementById("map-in").addEventListener("click", function () { centreZoom(1.5); });
  document.getElementById("map-out").addEventListener("click", function () { centreZoom(1 / 1.5); });
  document.getElementById("map-reset").addEventListener("click", fit);
  document.getElementById("map-search").addEventListener("change", function (e) {
    var asked = e.target.value.trim(), i = column.id.indexOf(asked);
    if (i < 0) { i = column.id.findIndex(function (id) { return asked && id.indexOf(asked) >= 0; }); }
    if (i < 0) { panel.textContent = asked ? words.not_found : words.click; picked = -1; draw(); return; }
    var box = shapes[i].box, size = Math.max(box[2] - box[0], box[3] - box[1], 100);
    view.scale = Math.min(canvas.clientWidth, canvas.clientHeight) / size / 4;
    view.x = (box[0] + box[2]) / 2 - canvas.clientWidth / 2 / view.scale; view.y = (box[1] + box[3]) / 2 - canvas.clientHeight / 2 / view.scale;
    pick(i);
  });
  chooser.addEventListener("change", recolour);
  window.addEventListener("resize", draw);
  recolour(); fit();
})();
