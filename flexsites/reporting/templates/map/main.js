/* Ties map, list and address together. The address holds what is seen: #map&at=zoom/lat/lon&site=…&colour=…&hide=…&q=… */
"use strict";
flexsites.start = async function (store, settings) {
  const byId = flexsites.byId, words = settings.words;
  const state = { site: "", of: "", colour: settings.colourings[0].key, hidden: new Set(), q: "", list: "", sort: "", hatch: true, base: false, at: "" };
  let map = null, ready = false, writing = null, isMoved = false;

  function read() {
    if (!/^#map(&|$)/.test(location.hash)) { return false; }
    const given = new URLSearchParams(location.hash.slice(5));
    state.site = given.get("site") || ""; state.q = given.get("q") || ""; state.at = given.get("at") || "";
    state.colour = settings.colourings.some((one) => one.key === given.get("colour")) ? given.get("colour") : settings.colourings[0].key;
    state.hidden = new Set((given.get("hide") || "").split(",").filter(Boolean));
    state.of = given.get("of") || ""; state.list = given.get("list") || ""; state.sort = given.get("sort") || "";
    state.hatch = given.get("hatch") !== "0"; state.base = given.get("base") === "1";
    return true;
  }
  function write() {
    clearTimeout(writing);
    writing = setTimeout(() => {
      const told = [["at", state.at], ["site", state.site], ["of", state.of], ["colour", state.colour === settings.colourings[0].key ? "" : state.colour],
        ["hide", [...state.hidden].join(",")], ["q", state.q], ["list", state.list], ["sort", state.sort], ["hatch", state.hatch ? "" : "0"], ["base", state.base ? "1" : ""], ...(flexsites.beside || [])];
      const hash = "#map" + told.filter((one) => one[1]).map(([key, value]) => `&${key}=${encodeURIComponent(value).replace(/%2F/g, "/")}`).join("");
      try { history.replaceState(null, "", hash); } catch (refused) { location.replace(hash); }
    }, 250);
  }
  flexsites.address = write;
  const colouring = () => settings.colourings.find((one) => one.key === state.colour);
  const hiddenConditions = () => colouring().classes.filter((one) => state.hidden.has(one.key)).map((one) => one.where);

  const acts = {
    hide(key) {
      if (!state.hidden.delete(key)) { state.hidden.add(key); }
      const at = [...byId("map-legend").querySelectorAll("button")].indexOf(document.activeElement);
      recolour();
      if (at >= 0) { byId("map-legend").querySelectorAll("button")[at].focus(); }
      write();
    },
    go(box) { isMoved = true; if (map) { map.fitBounds([[box[0] / 1e6, box[1] / 1e6], [box[2] / 1e6, box[3] / 1e6]], { padding: 60, maxZoom: 17, animate: !still() }); } },
    async pick(id, moves, of = "") {
      const facts = id ? await store.facts(id, of) : null;
      const before = state.site;
      state.site = facts ? facts.id : ""; state.of = facts ? of : "";
      panel.tell(facts, of);
      const shape = of ? "" : state.site;  // a complex has none of its own: its buildings are marked
      mark("picked", "id", shape); mark("halo", "id", shape); mark("location", "location", (of && facts && facts.properties.location) || "");
      byId("map-side").classList.toggle("has-parcel", Boolean(facts));
      if (facts && moves) { acts.go(facts.box); }
      if (moves) {
        if (facts) { byId("map-panel").focus({ preventScroll: true }); bring(); }
        else { const from = byId("map-list").querySelector(`[data-site="${CSS.escape(before)}"]`); (from || byId("map-search")).focus(); }
      }
      write();
      return facts;
    },
    location(id) { mark("location", "location", id); },
    /* Another list, or the same in another order; or what is found by a text. */
    async list(list, sort, q = state.q) {
      state.list = list; state.sort = sort; state.q = q;
      byId("map-search").value = q;
      panel.choose(list, sort);
      await panel.search(state.q, hiddenConditions());
      write();
    },
    explain: settings.explain || null,
    veto: settings.veto || null,
  };
  const panel = new flexsites.Panel(store, settings, acts);
  /* What is told comes into view: beside the map in its own column, on a narrow screen on the page. */
  function bring() {
    const box = byId("map-panel"), side = byId("map-side");
    if (matchMedia("(max-width: 900px)").matches) { box.scrollIntoView({ block: "start", behavior: "instant" }); }
    else { side.scrollTop += box.getBoundingClientRect().top - side.getBoundingClientRect().top; }
  }
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  function mark(layer, property, value) { if (ready) { map.setFilter(layer, ["all", ["has", property], ["==", ["get", property], value]]); } }
  function recolour() {
    panel.legend(colouring(), state.hidden);
    if (ready) { flexsites.paint(map, colouring(), state.hidden); map.setLayoutProperty("hatch", "visibility", state.hatch ? "visible" : "none"); }
    panel.search(state.q, hiddenConditions());
  }
  function show() {
    byId("map-search").value = state.q; byId("map-colour").value = state.colour;
    byId("map-hatch").checked = state.hatch; byId("map-base").checked = state.base;
    panel.choose(state.list, state.sort);
    state.list = panel.of(panel.shownList); state.sort = panel.sort;  // what an address asks that is not there is let go
    recolour();
    if (ready) { flexsites.baseMap(map, settings.base_map, state.base); place(); }
    acts.pick(state.site, Boolean(state.site) && !state.at, state.of);
  }
  function place() {
    const [zoom, lat, lon] = state.at.split("/").map(Number);
    // An address that someone typed: what is no place on earth is passed by.
    if (state.at && [zoom, lat, lon].every(Number.isFinite) && Math.abs(lat) <= 90 && Math.abs(lon) <= 180) { map.jumpTo({ zoom, center: [lon, lat] }); }
  }

  byId("map-colour").replaceChildren(...settings.colourings.map((one) => flexsites.element("option", { value: one.key, text: one.label })));
  byId("map-colour").addEventListener("change", (event) => { state.colour = event.target.value; state.hidden = new Set(); recolour(); write(); });
  byId("map-hatch").addEventListener("change", (event) => { state.hatch = event.target.checked; recolour(); write(); });
  byId("map-base").addEventListener("change", (event) => { state.base = event.target.checked; if (ready) { flexsites.baseMap(map, settings.base_map, state.base); } write(); });
  let waiting = null;
  byId("map-search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.q = event.target.value; panel.search(state.q, hiddenConditions()); write(); }, 180);
  });
  byId("map-form").addEventListener("submit", async (event) => {
    event.preventDefault(); clearTimeout(waiting);
    state.q = byId("map-search").value;
    const found = await panel.search(state.q, hiddenConditions());
    if (found && found.total && (found.total === 1 || found.rows[0].properties.id === state.q.trim())) { acts.pick(found.rows[0].properties.id, true, state.list); }
    else if (found && found.places.length) { acts.go(found.places[0].box); }
    write();
  });
  const extent = await store.extent();
  const whole = () => acts.go(extent.map((one) => one * 1e6));
  byId("map-reset").addEventListener("click", whole);
  addEventListener("hashchange", () => { if (read()) { show(); byId("map").scrollIntoView(); } });

  const isLinked = read();
  try {
    map = new maplibregl.Map({
      container: "map-canvas", style: flexsites.style(store, settings), bounds: extent, fitBoundsOptions: { padding: 20 },
      locale: settings.controls, attributionControl: false, dragRotate: false, pitchWithRotate: false, maxZoom: 19.5,
      canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true }, fadeDuration: 0, cooperativeGestures: !settings.isWhole,
    });
  } catch (none) {
    byId("map-canvas").textContent = words.failed;
    document.documentElement.dataset.map = "failed";
    show();
    return;
  }
  map.touchZoomRotate.disableRotation(); map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-left");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 120 }), "bottom-left");
  map.addControl(new maplibregl.AttributionControl({ compact: false }), "bottom-right");
  const canvas = map.getCanvas(), tip = byId("map-tip");
  canvas.setAttribute("aria-describedby", "map-keys");
  flexsites.pictures(map);
  /* The places that the first page numbers. */
  (settings.numbers || []).forEach(([text, lon, lat]) => {
    const pin = new maplibregl.Marker({ element: flexsites.element("span", { class: "map-number", role: "img", text }), anchor: "bottom" }).setLngLat([lon, lat]).addTo(map);
    pin.getElement().setAttribute("aria-label", text);
  });
  const at = (point) => map.queryRenderedFeatures(point, { layers: ["parcels", "marks"].filter((one) => map.getLayer(one)) })[0];
  map.on("click", (event) => { const found = at(event.point); acts.pick(found ? found.properties.id : null, false); });
  map.on("mousemove", (event) => {
    const found = at(event.point);
    mark("hovered", "id", found ? found.properties.id : "");
    canvas.style.cursor = found ? "pointer" : "";
    tip.hidden = !found;
    if (found) {
      tip.textContent = `${settings.verdicts[found.properties.verdict][0]}${panel.homes(found.properties)}`;
      tip.style.transform = `translate(${Math.min(event.point.x + 14, canvas.clientWidth - 190)}px, ${event.point.y + 14}px)`;
    }
  });
  map.on("mouseout", () => { tip.hidden = true; mark("hovered", "id", ""); });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { const found = at([canvas.clientWidth / 2, canvas.clientHeight / 2]); if (found) { acts.pick(found.properties.id, false); } }
    if (event.key === "Home") { event.preventDefault(); whole(); }
  });

  map.on("moveend", (event) => {
    isMoved = isMoved || Boolean(event.originalEvent);
    const { lng, lat } = map.getCenter();
    state.at = `${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`;
    if (ready && isMoved) { write(); }
  });
  /* On paper the map is a picture in its own proportions, with a scale that shrinks with it. */
  addEventListener("beforeprint", () => {
    const metres = 40075016.7 * Math.cos(map.getCenter().lat * Math.PI / 180) / (512 * Math.pow(2, map.getZoom()));
    const power = Math.pow(10, Math.floor(Math.log10(metres * canvas.clientWidth / 5)));
    map.redraw();  // colours that were chosen a moment ago are on paper too
    byId("map-print").src = canvas.toDataURL("image/png");
    byId("map-print-bar").style.width = `${100 * power / metres / canvas.clientWidth}%`;
    byId("map-print-bar").textContent = power >= 1000 ? `${power / 1000} km` : `${power} m`;
  });
  await new Promise((resolve) => { if (map.isStyleLoaded()) { resolve(); } else { map.once("load", resolve); } });
  ready = true;
  show();
  if (isLinked) { byId("map").scrollIntoView(); }
  flexsites.map = map;
  await map.once("idle");  // until its colours are on it, it is not drawn
  document.documentElement.dataset.map = "drawn";
};
