/* What if: figures that differ from the run's are asked about, and the answer stands in the table and on the map. */
"use strict";
(function () {
  const byId = flexsites.byId, element = flexsites.element, words = JSON.parse(byId("what-words").textContent);
  const lang = document.documentElement.lang, kind = byId("map").dataset.kind, isOfParcels = kind === "parcels";
  const address = `/api/what_if?show=${kind}&lang=${lang}`, any = "suitable";
  const box = byId("what-if"), form = byId("what-form"), answer = byId("what-answer"), faults = byId("what-faults");
  const changed = new Map(), wrong = new Map(), linked = location.hash;
  let known = null, asking = null, waiting = null, shown = true, last = null, progress = "";
  byId("map-side").prepend(box);

  const number = (value) => value === null || value === undefined ? "–" : Math.round(value).toLocaleString(lang);
  const milieu = () => byId("what-milieu").value;
  /* Numbers are read and written as the page's language does, in a browser of any: one that reads numbers itself drops
     what its own language does not know, and 1,5 is 15. Comma and point both part decimals; but 1.234 in Dutch may be
     1234 or 1,234, and is asked back. */
  const [mark, other] = lang === "nl" ? [",", "."] : [".", ","];
  const grouped = new RegExp(`^-?[1-9]\\d{0,2}(\\${other}\\d{3})+(\\${mark}\\d+)?$`);
  const written = (value) => value === null || value === undefined ? "" : String(value).replace(".", mark);
  function read(text) {
    const plain = text.trim().replace("\u2212", "-"), whole = plain.split(other).join("");
    if (plain === "") { return { value: null }; }
    if (grouped.test(plain)) {
      if (plain.length - whole.length > 1 || plain.includes(mark)) { return { value: Number(whole.replace(mark, ".")) }; }
      return { fault: flexsites.filled(words.ambiguous, { number: plain, whole, part: plain.replace(other, mark) }) };
    }
    if (/^[-+]?(\d+[.,]?\d*|[.,]\d+)$/.test(plain)) { return { value: Number(plain.replace(",", ".")) }; }
    return { fault: flexsites.filled(words.no_number, { number: plain }) };
  }
  function field(figure, label, { isLimit = false, unit = null } = {}) {
    const key = (isLimit ? "limits:" : "replace:") + figure.path, id = "what-" + key.replace(/\W+/g, "-");
    const input = element("input", { type: "text", inputmode: "decimal", id });
    const own = figure.value === null ? null : +figure.value.toPrecision(6);
    input.value = written(changed.has(key) ? changed.get(key) : own);
    input.addEventListener("input", () => {
      const { value, fault } = read(input.value);
      wrong.delete(key);
      changed.delete(key);
      if (fault) { wrong.set(key, `${label}: ${fault}`); }
      else if (value !== null ? value !== own : own !== null && figure.path.endsWith("least_term_years")) { changed.set(key, value); }
      input.classList.toggle("is-other", changed.has(key));
      input.setAttribute("aria-invalid", String(Boolean(fault)));
      later();
    });
    input.classList.toggle("is-other", changed.has(key));
    const text = element("span", { text: label + (unit ? ` (${unit})` : "") });
    const row = element("label", { class: "figure" });
    row.append(text, input);
    return row;
  }
  function group(legend, rows, hint) {
    const set = element("fieldset", {});
    set.append(element("legend", { text: legend }), ...rows);
    if (hint) { set.append(element("p", { class: "quiet", text: hint })); }
    return set;
  }
  function three(legend, figures, hint) {
    const set = group(legend, figures.map((one) => field(one, words.estimates[one.estimate])), hint);
    set.className = "three";
    return set;
  }
  /* Of roofs all figures stand in parts of the form, of which the first lies open. */
  function parts() {
    return known.sections.map(({ legend, rows }, i) => {
      const part = element("details", i ? {} : { open: "" });
      part.append(element("summary", { text: legend }), ...rows.map((one) => one.options ? choice("replace:" + one.path, one.label, one.value, one.options) : field(one, one.label, { unit: one.unit })));
      return part;
    });
  }
  function choice(key, label, own, options) {
    const select = element("select", { id: "what-" + key.replace(/\W+/g, "-") });
    select.append(...options.map((one) => element("option", { value: one.value, text: one.label })));
    select.value = changed.get(key) || own;
    select.classList.toggle("is-other", changed.has(key));
    select.addEventListener("change", () => {
      if (select.value === own) { changed.delete(key); } else { changed.set(key, select.value); }
      select.classList.toggle("is-other", changed.has(key));
      later();
    });
    const row = element("label", { class: "figure" });
    row.append(element("span", { text: label }), select);
    return row;
  }
  function fields() {
    if (!isOfParcels) { byId("what-fields").replaceChildren(...parts()); return; }
    const one = known.milieus.find((each) => each.id === milieu());
    const sets = [];
    if (one) {
      if (one.limits.length) { sets.push(group(words.limits, one.limits.map((each) => field(each, `${each.label}, ${words[each.sense]}`, { isLimit: true, unit: each.unit })), words.limits_hint)); }
      sets.push(group(words.weights, one.weights.map((each) => field(each, each.label))));
      sets.push(three(words.density, one.density, flexsites.filled(words.density_hint, { most: one.density[2].most.toLocaleString(lang) })));
      sets.push(three(words.fewest, one.fewest));
      if (one.most) { sets.push(three(words.most, one.most)); }
      if (one.term) { sets.push(group(words.term, [field(one.term, words.term)])); }
    }
    byId("what-fields").replaceChildren(...sets);
  }
  function overAll() {
    if (!isOfParcels) { return; }
    const row = choice("estimate", words.estimate, known.estimate, known.estimates.map((one) => ({ value: one, label: words.estimates[one] })));
    byId("what-common").replaceChildren(three(words.common, known.common), field(known.reach, words.cluster_reach), row, order());
  }
  /* Which flexmilieu goes first: each but the first may be put one place earlier. */
  const inOrder = () => "replace:" + known.order.path;
  const called_milieu = (id) => known.milieus.find((one) => one.id === id).label;
  function order() {
    const set = group(words.order, [], words.order_hint), list = element("ol", {});
    const now = changed.get(inOrder()) || known.order.value;
    list.append(...now.map((id, i) => element("li", {}, called_milieu(id), " ", i ? element("button", { type: "button", "data-milieu": id, "aria-label": flexsites.filled(words.earlier_of, { milieu: called_milieu(id) }), text: words.earlier, onclick: () => earlier(id, i) }) : null)));
    set.id = "what-order";
    set.insertBefore(list, set.lastChild);
    return set;
  }
  function earlier(id, i) {
    const now = [...(changed.get(inOrder()) || known.order.value)];
    now.splice(i - 1, 2, id, now[i - 1]);
    if (now.join() === known.order.value.join()) { changed.delete(inOrder()); } else { changed.set(inOrder(), now); }
    byId("what-order").replaceWith(order());
    const button = byId("what-order").querySelector(`[data-milieu="${id}"]`) || byId("what-order").querySelector("button");
    if (button) { button.focus(); }
    later();
  }
  function rule(one) {
    const effects = ["exclude", "restrict", "flag", "off"].map((effect) => ({ value: effect, label: words.effects_of[effect] }));
    const row = choice("effects:" + one.id, one.label, one.effect, effects);
    return one.distance ? [row, field(one.distance, `${one.label}, ${words.distance}`, { unit: "m" })] : [row];
  }
  /* Parcels that are left out: a button beside what a click tells of one, and all of them in the form. */
  const vetoes = () => changed.get("vetoes") || [];
  function veto(id) {
    const others = vetoes().filter((one) => one !== id), all = others.length === vetoes().length ? [...others, id] : others;
    if (all.length) { changed.set("vetoes", all); } else { changed.delete("vetoes"); }
    ofVetoes(); later();
  }
  flexsites.veto = isOfParcels && (({ id }) => {
    const button = element("button", { type: "button", class: "veto" });
    const tell = flexsites.tellVeto = () => { button.textContent = vetoes().includes(id) ? words.unveto : words.veto; button.setAttribute("aria-pressed", String(vetoes().includes(id))); };
    button.addEventListener("click", async () => { box.open = true; await open(); if (known) { veto(id); byId("what-out").open = true; } });
    tell();
    return button;
  });
  function ofVetoes() {
    if (flexsites.tellVeto) { flexsites.tellVeto(); }
    const rows = vetoes().map((id) => element("li", {}, id, " ", element("button", { type: "button", onclick: () => { veto(id); (byId("what-vetoes").querySelector("button") || byId("what-out").querySelector("summary")).focus(); }, "aria-label": `${words.unveto_short}: ${id}`, text: words.unveto_short })));
    byId("what-vetoes").replaceChildren(rows.length ? element("ul", {}, ...rows) : element("p", { class: "quiet", text: words.vetoes_none }));
  }
  function ofLand() {
    if (!isOfParcels) { return; }
    ofVetoes();
    const tests = group(words.tests, known.tests.map((one) => field(one, words.tests_of[one.path.split(".")[1]])));
    byId("what-rules").replaceChildren(tests, group(words.rules, known.rules.flatMap(rule)));
  }
  function changes() {
    const asked = { limits: {}, replace: {}, effects: {} };
    changed.forEach((value, key) => {
      const [kind, path] = key.split(":");
      if (path) { asked[kind][path] = value; } else { asked[kind] = value; }
    });
    Object.keys(asked).forEach((kind) => { if (typeof asked[kind] === "object" && !Object.keys(asked[kind]).length) { delete asked[kind]; } });
    const label = byId("what-name").value.trim() || words.what_if;
    return { ...asked, id: identifier(label), label };
  }
  const identifier = (label) => {
    const plain = label.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "");
    return plain && plain !== "base" ? plain : "what_if";
  };
  function later() { clearTimeout(waiting); waiting = setTimeout(ask, 250); }
  /* Of several gemeenten the one that is looked at: chosen, or the one whose middle is nearest to that of the map. */
  function viewed() {
    if (known.gemeenten.length < 2) { return null; }
    const { lng, lat } = flexsites.map ? flexsites.map.getCenter() : { lng: 0, lat: 0 };
    const away = ({ box: [west, south, east, north] }) => {
      const beyond = Math.max(west - lng, lng - east, south - lat, lat - north, 0);
      return beyond * 1000 + Math.hypot((west + east) / 2 - lng, (south + north) / 2 - lat);
    };
    return known.gemeenten.reduce((best, one) => away(one) < away(best) ? one : best).code;
  }
  const looked = () => { const where = byId("what-where").value; return where === "view" ? viewed() : where === "run" ? null : where; };
  const called = (code) => { const found = known.gemeenten.find((one) => one.code === code); return found ? found.label : words.whole_run; };
  async function put(question, signal) {
    const told = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, signal, body: JSON.stringify({ changes: changes(), flexmilieu: milieu(), ...question }) });
    const content = await told.json();
    if (told.ok) { return content; }
    throw Object.assign(new Error(content.description), { faults: content.faults && content.faults.length ? content.faults : [content.description] });
  }
  /* The gemeente that is looked at is told first; on other land the others are asked one by one; then the whole is. */
  async function ask() {
    clearTimeout(waiting);
    if (asking) { asking.abort(); }
    remember();
    if (wrong.size) { refuse([...wrong.values()]); return; }
    if (!changed.size) { faults.replaceChildren(); last = null; progress = ""; tell(); return; }
    const mine = asking = new AbortController(), gemeente = looked(), isDivided = known.gemeenten.length > 1;
    answer.setAttribute("aria-busy", "true");
    try {
      const begin = performance.now();
      await foresee(isDivided ? { gemeente: gemeente || viewed(), is_first: true } : {}, mine);
      if (mine !== asking) { return; }
      if (isDivided) {
        const first = await put({ gemeente: gemeente || viewed(), is_first: true }, mine.signal);
        if (mine !== asking) { return; }
        const n = first.rest.length + 1;
        const said = (done) => first.rest.length ? flexsites.filled(words.rest, { k: number(done), n: number(n) }) : words.rest_short;
        progress = said(1); last = first; faults.replaceChildren(); tell();
        answer.removeAttribute("aria-busy");
        for (const [i, code] of first.rest.entries()) {
          await put({ gemeente: code, is_first: true }, mine.signal);
          if (mine !== asking) { return; }
          progress = said(i + 2); tellProgress();
        }
      }
      const whole = await put({ gemeente }, mine.signal);
      if (mine !== asking) { return; }
      const rooms = isDivided && gemeente && last ? last.room : whole.room;
      last = { ...whole, room: rooms, seconds: isDivided ? Math.round(performance.now() - begin) / 1000 : whole.seconds };
      progress = ""; faults.replaceChildren(); tell();
    } catch (stopped) {
      if (stopped.name === "AbortError" || mine !== asking) { return; }
      refuse(stopped.faults || [String(stopped)]);
    } finally {
      if (mine === asking) { answer.removeAttribute("aria-busy"); }
    }
  }
  function refuse(told) {
    faults.replaceChildren(...told.map((one) => element("span", { text: one })));
    last = null; progress = ""; answer.replaceChildren(); byId("what-save").hidden = true; draw();
  }
  /* What takes long is told before it is answered, never waited for in silence. */
  async function foresee(question, mine) {
    if (![...changed.keys()].some(isOfLand)) { return; }
    const coming = await put({ ...question, is_ahead: true }, mine.signal);
    if (mine !== asking || coming.seconds < 2) { return; }
    progress = flexsites.filled(words.foreseen, { n: number(coming.n_parcels), seconds: number(coming.seconds) });
    tellProgress();
  }
  const isOfLand = (key) => /^vetoes$|^effects:|^replace:(rules|pieces|time)\./.test(key);
  function tellProgress() {
    const line = answer.querySelector(".what-progress");
    if (line) { line.textContent = progress; } else { answer.prepend(element("p", { class: "what-progress", text: progress })); }
  }
  /* An address that someone typed may be no address: what cannot be read is taken as it stands, and told as unknown. */
  const plain = (text) => { try { return decodeURIComponent(text); } catch (broken) { return text; } };
  const isList = (key) => key === "vetoes" || key === inOrder();
  /* The address holds the question: what differs, for whom, and where it is looked at. */
  function remember() {
    const asked = [...changed].map(([key, value]) => `${key}=${isList(key) ? value.map(encodeURIComponent) : value === null ? "" : value}`).join(";");
    flexsites.beside = box.open ? [["if", asked], ["for", asked ? milieu() : ""], ["in", byId("what-where").value === "view" ? "" : byId("what-where").value]] : [];
    if (flexsites.address) { flexsites.address(); }
  }
  function recall(hash) {
    const given = new URLSearchParams(hash.slice(5)), numbered = (text) => text === "" ? null : isNaN(text) ? text : Number(text);
    changed.clear();
    (given.get("if") || "").split(";").filter((one) => /^((limits|replace|effects):.+|estimate|vetoes)=/.test(one)).forEach((one) => { const at = one.indexOf("="), key = one.slice(0, at), value = one.slice(at + 1); changed.set(key, isList(key) ? [...new Set(value.split(",").filter(Boolean).map(plain))] : numbered(value)); });
    const order = changed.get(inOrder());
    if (order && (order.length !== known.order.value.length || !order.every((one) => known.order.value.includes(one)))) { changed.delete(inOrder()); }
    const has = (select, value) => [...select.options].some((one) => one.value === value);
    if (has(byId("what-milieu"), given.get("for"))) { byId("what-milieu").value = given.get("for"); }
    if (has(byId("what-where"), given.get("in"))) { byId("what-where").value = given.get("in"); }
  }
  function rows() {
    if (last.rows) { return last.rows.map(([key, ...values]) => [known.rows[key], values]); }
    const at = milieu(), totals = [last.totals.base, last.totals[last.variant]], rooms = [last.room.base, last.room[last.variant]];
    const of = (name, population) => totals.map((one) => one[population] ? one[population][name] : null);
    const span = (kind, population) => ["expected", "low", "high"].map((one) => of(`${kind}_${one}`, population));
    const told = [[words.suiting, [of("n_sites", at)]], [words.suiting_locations, [of("n_locations", at)]], [words.unknown_sites, [of("n_sites_unknown", at)]]];
    if (at !== any) {
      // Of one gemeente it is not told for other land: its locations reach over its border.
      if (rooms.every((each) => each && each[at])) { told.push([words.room, ["expected", "low", "high"].map((one) => rooms.map((each) => each[at]["n_room_" + one]))]); }
      told.push([words.spread, span("n_spread", at)], [words.spread_consent, span("n_spread_consent", at)]);
    }
    told.push([words.common_available, span("n_common", "available")], [words.common_suitable, span("n_common", any)]);
    if (changed.has(inOrder())) {
      const firsts = [last.first.base, last.first[last.variant]];
      told.push(...Object.keys(firsts[0]).map((id) => [flexsites.filled(words.order_first, { milieu: called_milieu(id) }), [firsts.map((one) => one[id])]]));
    }
    return told;
  }
  function tell() {
    byId("what-save").hidden = !last;
    if (!last) { answer.replaceChildren(element("p", { class: "quiet", text: words.nothing_changed })); draw(); return; }
    const where = last.gemeente ? called(last.gemeente) : words.whole_run;
    const table = element("table", {}, known.gemeenten.length > 1 ? element("caption", { text: where }) : null), head = element("tr", {}), body = element("tbody", {}), top = element("thead", {});
    head.append(...[words.quantity, words.of_run, words.of_what_if, words.change].map((text) => element("th", { scope: "col", text })));
    top.append(head);
    rows().forEach(([label, [expected, low, high]]) => {
      const row = element("tr", {}), change = expected[0] === null || expected[1] === null ? null : expected[1] - expected[0];
      const cells = [0, 1].map((i) => { const cell = element("td", { text: number(expected[i]) }); if (low) { cell.append(element("small", { text: `${number(low[i])} – ${number(high[i])}` })); } return cell; });
      row.append(element("th", { scope: "row", text: label }), ...cells, element("td", { text: change === null ? "–" : (change > 0 ? "+" : "") + number(change) }));
      body.append(row);
    });
    table.append(top, body);
    const name = byId("what-milieu").selectedOptions[0].textContent, tick = element("input", { type: "checkbox", id: "what-on-map" });
    tick.checked = shown;
    tick.addEventListener("change", () => { shown = tick.checked; draw(); });
    const onMap = element("label", { class: "tick" });
    onMap.append(tick, element("span", { text: isOfParcels ? flexsites.filled(words.on_map, { milieu: name }) : words.of_roofs.on_map }));
    const key = element("ul", { class: "what-key" });
    [["gained", last.gained.length], ["lost", last.lost.length], ["doubted", last.doubted.length], ["kept", last.n_kept]].forEach(([one, n]) => {
      const row = element("li", {});
      row.append(element("span", { class: "what-swatch " + one }), element("span", { text: `${words[one]}: ${number(n)}` }));
      key.append(row);
    });
    answer.replaceChildren(element("p", { class: "what-progress", text: progress }), table, onMap, key, element("p", { class: "quiet", text: flexsites.filled(words.answered_in, { seconds: last.seconds.toLocaleString(lang) }) + (last.n_assessed ? " " + flexsites.filled(words.assessed_anew, { n: number(last.n_assessed) }) : "") }));
    byId("what-yaml").textContent = last.yaml;
    draw();
  }
  /* Gained has a whole line and a plain fill, lost a broken line and a hatch, unknown dots: not told by colour alone. */
  function draw() {
    const map = flexsites.map;
    if (!map) { return; }
    const among = (ids) => ids.length ? ["match", ["get", "id"], ids, true, false] : ["literal", false];
    if (!map.getLayer("what-gained")) {
      const source = { source: kind, "source-layer": kind }, below = map.getLayer("location") ? "location" : undefined;
      map.addLayer({ id: "what-gained", type: "fill", ...source, paint: { "fill-color": "#00e0c7", "fill-opacity": 0.75 } }, below);
      map.addLayer({ id: "what-lost", type: "fill", ...source, paint: { "fill-pattern": "hatch" } }, below);
      map.addLayer({ id: "what-doubted", type: "fill", ...source, paint: { "fill-pattern": "dots" } }, below);
      map.addLayer({ id: "what-gained-line", type: "line", ...source, paint: { "line-color": "#00574d", "line-width": 2.5 } }, below);
      map.addLayer({ id: "what-lost-line", type: "line", ...source, paint: { "line-color": "#a4004f", "line-width": 2.5, "line-dasharray": [2, 1.5] } }, below);
      map.addLayer({ id: "what-doubted-line", type: "line", ...source, paint: { "line-color": "#5b2a86", "line-width": 2.5, "line-dasharray": [0.6, 1.4] } }, below);
    }
    const isOn = last && shown && box.open;
    ["gained", "lost", "doubted"].forEach((one) => [`what-${one}`, `what-${one}-line`].forEach((layer) => map.setFilter(layer, among(isOn ? last[one] : []))));
  }
  /* Once, however many ask: the form is filled when it is first opened, or when a parcel is first left out. */
  let filling = null;
  async function open() {
    if (box.open && !known) { await (filling = filling || fill()); filling = null; }
    draw();
  }
  async function fill() {
    answer.replaceChildren(element("p", { class: "quiet", text: words.opening }));
    const told = await fetch(address), content = await told.json();
    if (!told.ok) { form.hidden = true; faults.replaceChildren(element("span", { text: `${words.what_if_none} ${content.description}` })); return; }
    known = content;
    byId("what-milieu").append(...known.milieus.map((one) => element("option", { value: one.id, text: one.label })), element("option", { value: any, text: words.any_milieu }));
    byId("what-where").append(...(known.gemeenten.length > 1 ? [element("option", { value: "view", text: words.in_view }), ...known.gemeenten.map((one) => element("option", { value: one.code, text: one.label }))] : []), element("option", { value: "run", text: words.whole_run }));
    byId("what-where").parentElement.hidden = known.gemeenten.length < 2;
    recall(linked);
    fields(); overAll(); ofLand(); tell();
    if (changed.size) { ask(); }
  }
  if (/[&#]if=/.test(linked)) {
    flexsites.beside = ["if", "for", "in"].map((one) => [one, new URLSearchParams(linked.slice(5)).get(one)]);
    box.open = true;
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  const drawAnew = () => { wrong.clear(); fields(); overAll(); ofLand(); ask(); };
  byId("what-milieu").addEventListener("change", drawAnew);
  byId("what-where").addEventListener("change", ask);
  byId("what-back").addEventListener("click", () => { changed.clear(); drawAnew(); });
  byId("what-name").addEventListener("input", later);
  byId("what-download").addEventListener("click", () => {
    const link = element("a", { href: URL.createObjectURL(new Blob([last.yaml], { type: "text/yaml" })), download: `${last.variant}.yaml` });
    link.click();
    URL.revokeObjectURL(link.href);
  });
  box.addEventListener("toggle", open);
})();
