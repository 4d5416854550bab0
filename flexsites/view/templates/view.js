/* The map of flexsites view: shapes come as vector tiles, facts by asking the server on this machine. */
"use strict";
flexsites.Remote = class {
  constructor(settings, areas, lang) { Object.assign(this, { settings, areas, lang }); }
  async ask(path, asked) {
    const answer = await fetch(path + "?" + new URLSearchParams({ ...asked, lang: this.lang }));
    return answer.ok ? answer.json() : null;
  }
  /* Classes are told by their keys: the server knows what they mean. */
  async list(q, hidden, offset, limit, of, sort) {
    const colouring = this.settings.colourings.find((one) => one.classes.some((each) => hidden.includes(each.where)));
    const keys = colouring ? colouring.classes.filter((one) => hidden.includes(one.where)).map((one) => one.key) : [];
    return this.ask("/api/" + of, { sort, q, colour: colouring ? colouring.key : "", hide: keys.join(","), offset, limit });
  }
  async facts(id, of) {
    const told = await this.ask(`/api/${of || this.settings.kind}/${encodeURIComponent(id)}`, {});
    return told ? flexsites.factsOf(told, 0, this.settings) : null;
  }
  async places(q) { return q.trim().length < 2 ? [] : this.ask("/api/places", { q }); }
  async extent() { return this.settings.extent; }
  sources() {
    const drawn = new flexsites.Inline({ parcels: { shape: [], box: [], properties: { id: [], verdict: [] } }, background: { areas: this.areas } }).sources();
    const sources = { areas: drawn.areas, names: drawn.names };
    Object.entries(this.settings.tiles).forEach(([name, { least, most }]) => {
      sources[name] = { type: "vector", tiles: this.tiles(name), minzoom: least, maxzoom: most };
    });
    return sources;
  }
  tiles(name) { return [`${location.origin}/tiles/${name}/{z}/{x}/{y}`]; }
  /* What the map shows one by one is drawn from the layer of its kind. */
  layer(asked) {
    const name = asked === "parcels" ? this.settings.kind : asked === "marks" && this.settings.kind === "parcels" ? "none" : asked;
    return this.settings.tiles[name] ? { source: name, "source-layer": name } : { source: name };
  }
};
(async function () {
  const lang = document.documentElement.lang, kind = flexsites.byId("map").dataset.kind, asked = `?show=${kind}&lang=${lang}`;
  const [settings, areas] = await Promise.all(["/api/settings", "/api/areas"].map((path) => fetch(path + asked).then((answer) => answer.json())));
  const box = flexsites.byId("story");
  settings.isWhole = true;
  settings.explain = async (id) => {
    const told = await (await fetch(`/api/${kind}/${encodeURIComponent(id)}/story${asked}`)).text();
    flexsites.byId("story-text").innerHTML = told;
    box.showModal();
  };
  if (flexsites.veto) { settings.veto = flexsites.veto; }
  /* The same view in the other language. */
  flexsites.byId("other-language").addEventListener("click", (event) => { event.currentTarget.href = event.currentTarget.getAttribute("href").split("#")[0] + location.hash; });
  const store = new flexsites.Remote(settings, areas, lang);
  await flexsites.start(store, settings);
  await follow(store, settings.coming);

  /* Layers, and zooms of them, that are still being made are drawn as soon as they are there; what is waited for is told. */
  async function follow(store, coming) {
    const layerOf = (part) => part.split("-")[0];
    const told = flexsites.byId("map-making"), words = JSON.parse(flexsites.byId("what-words").textContent);
    while (coming.length) {
      told.textContent = flexsites.filled(words.making, { layers: [...new Set(coming.map((part) => words.layers[layerOf(part)]))].join(", ") });
      await new Promise((resolve) => { setTimeout(resolve, 1000); });
      const left = await store.ask("/api/coming", {}) || [];
      const there = new Set(coming.filter((part) => !left.includes(part)).map(layerOf));
      if (flexsites.map) { there.forEach((name) => flexsites.map.getSource(name).setTiles(store.tiles(name))); }
      coming = left;
    }
    told.textContent = "";
    document.documentElement.dataset.layers = "made";
  }
})();
