/* How the map is drawn: layers, patterns, and labels that are made here, because no font comes from elsewhere. */
"use strict";
flexsites.hatch = "hatch";

flexsites.style = function (store, settings) {
  const of = (name) => store.layer(name);
  const wide = (...stops) => ["interpolate", ["exponential", 1.6], ["zoom"], ...stops];
  const layers = [
    { id: "ground", type: "background", paint: { "background-color": "#f8f6f1" } },
    { id: "parcels", type: "fill", ...of("parcels"), paint: { "fill-color": "#999", "fill-opacity": 0.8 } },
    { id: "dots", type: "fill", ...of("parcels"), paint: { "fill-pattern": "dots" } },
    { id: "water", type: "fill", ...of("water"), paint: { "fill-color": "#a9cbdc", "fill-opacity": 0.75 } },
    { id: "buildings", type: "fill", ...of("buildings"), minzoom: 12.5, paint: { "fill-color": "#3f4750", "fill-opacity": 0.32 } },
    { id: "small-streets", type: "line", ...of("streets"), minzoom: 12, filter: ["==", ["get", "main"], 0],
      layout: { "line-cap": "round" }, paint: { "line-color": "#8d8574", "line-opacity": 0.6, "line-width": wide(12, 0.4, 18, 5) } },
    { id: "main-streets", type: "line", ...of("streets"), filter: ["==", ["get", "main"], 1],
      layout: { "line-cap": "round" }, paint: { "line-color": "#7a7160", "line-opacity": 0.75, "line-width": wide(9, 0.8, 18, 9) } },
    { id: "rail", type: "line", ...of("rail"), paint: { "line-color": "#3b3f45", "line-width": wide(9, 0.8, 18, 4), "line-dasharray": [3, 2] } },
    { id: "hatch", type: "fill", ...of("parcels"), filter: [">", ["coalesce", ["get", "unchecked"], 0], 0], paint: { "fill-pattern": "hatch" } },
    { id: "outlines", type: "line", ...of("parcels"), minzoom: 12, paint: { "line-color": "#fff", "line-opacity": 0.7, "line-width": wide(12, 0.3, 18, 1.6) } },
    { id: "marks", type: "circle", ...of("marks"), maxzoom: 16, layout: { "circle-sort-key": ["match", ["get", "verdict"], "excluded", 0, 1] } },
    { id: "areas", type: "line", ...of("areas"), filter: ["in", ["get", "kind"], ["literal", ["gemeente", "provincie"]]],
      paint: { "line-color": "#4d5661", "line-width": 1.4, "line-dasharray": [4, 3] } },
    { id: "location", type: "line", ...of("parcels"), filter: ["==", ["get", "location"], ""], paint: { "line-color": "#16222e", "line-width": 2, "line-dasharray": [2, 1.5] } },
    { id: "hovered", type: "line", ...of("parcels"), filter: ["==", ["get", "id"], ""], paint: { "line-color": "#16222e", "line-width": 1.8 } },
    { id: "halo", type: "line", ...of("parcels"), filter: ["==", ["get", "id"], ""], paint: { "line-color": "#fff", "line-width": 7 } },
    { id: "picked", type: "line", ...of("parcels"), filter: ["==", ["get", "id"], ""], paint: { "line-color": "#16222e", "line-width": 3.4 } },
    { id: "homes", type: "symbol", ...of("marks"), minzoom: 15,
      layout: { "icon-image": ["concat", "text:homes:", ["to-string", ["get", "homes"]]], "icon-anchor": "left", "icon-offset": [7, 0], "symbol-sort-key": ["-", 0, ["coalesce", ["get", "homes"], 0]] } },
    { id: "street-names", type: "symbol", ...of("streets"), minzoom: 14, filter: ["!=", ["get", "name"], ""],
      layout: { "symbol-placement": "line", "symbol-spacing": 360, "icon-image": ["concat", "text:street:", ["get", "name"]], "icon-rotation-alignment": "map", "icon-padding": 6 } },
    { id: "names", type: "symbol", ...of("names"),
      filter: ["any", ["==", ["get", "kind"], "gemeente"], ["all", [">=", ["zoom"], 12.5], ["==", ["get", "kind"], "wijk"]], ["all", [">=", ["zoom"], 14], ["==", ["get", "kind"], "buurt"]]],
      layout: { "icon-image": ["concat", "text:", ["get", "kind"], ":", ["get", "name"]], "symbol-sort-key": ["match", ["get", "kind"], "gemeente", 0, "wijk", 1, 2] } },
  ];
  if (settings.kind === "roofs") {  // land lies under what is around it, buildings lie on it
    const own = layers.splice(1, 2);
    layers.splice(layers.findIndex((one) => one.id === "hatch"), 0, ...own);
  }
  const known = store.sources();
  return { version: 8, sources: known, layers: layers.filter((one) => !one.source || known[one.source]) };
};

/* Whether a colouring is of another way of topping up than the run puts first, which homes are told of. */
flexsites.isOfWay = (colouring) => colouring.key.startsWith("w:");

/* Colour by a colouring, hide some of its classes. */
flexsites.paint = function (map, colouring, hidden) {
  const shown = colouring.classes.filter((one) => !hidden.has(one.key));
  const cases = (value) => shown.flatMap((one) => [one.where, value(one)]);
  const colour = shown.length ? ["case", ...cases((one) => one.colour), "rgba(0,0,0,0)"] : "rgba(0,0,0,0)";
  const out = (colouring.classes.find((one) => one.key === "excluded") || { where: ["==", ["get", "verdict"], "excluded"] }).where;
  const opacity = ["case", out, 0.5, 0.82];
  const away = colouring.classes.filter((one) => hidden.has(one.key)).map((one) => one.where);
  const visible = away.length ? ["!", ["any", ...away]] : ["literal", true];
  const dotted = shown.filter((one) => one.pattern === "dots").map((one) => one.where);
  map.setPaintProperty("parcels", "fill-color", colour);
  map.setPaintProperty("parcels", "fill-opacity", opacity);
  map.setFilter("parcels", visible);
  map.setFilter("outlines", visible);
  map.setFilter("hatch", ["all", [">", ["coalesce", ["get", "unchecked"], 0], 0], visible]);
  map.setFilter("dots", dotted.length ? ["any", ...dotted] : ["literal", false]);
  if (!map.getLayer("marks")) { return; }
  /* What is small is a point from afar: whole where it is known, a ring where it is not, a speck where nothing can be. */
  const unsure = dotted.length ? ["any", ...dotted] : ["literal", false];
  const size = (speck, point) => ["case", out, speck, point];
  map.setFilter("marks", visible);
  map.setPaintProperty("marks", "circle-color", colour);
  map.setPaintProperty("marks", "circle-opacity", ["case", unsure, 0.12, opacity]);
  map.setPaintProperty("marks", "circle-stroke-color", ["case", unsure, colour, "rgba(22,34,46,.75)"]);
  map.setPaintProperty("marks", "circle-stroke-width", ["case", unsure, 2, out, 0, 0.8]);
  map.setPaintProperty("marks", "circle-radius", ["interpolate", ["linear"], ["zoom"], 8, size(1.2, 2.5), 12, size(1.8, 4.5), 16, size(2.5, 7)]);
  map.setFilter("homes", flexsites.isOfWay(colouring) ? ["literal", false] : ["all", visible, ["in", ["get", "verdict"], ["literal", ["eligible", "conditional"]]], [">", ["coalesce", ["get", "homes"], 0], 0]]);
};

/* Patterns, and texts as pictures. */
flexsites.pictures = function (map) {
  map.addImage("hatch", flexsites.drawn(20, 20, (pen) => {
    pen.strokeStyle = "rgba(22,34,46,.5)"; pen.lineWidth = 1.5;
    [-20, 0, 20].forEach((k) => { pen.beginPath(); pen.moveTo(k - 2, 22); pen.lineTo(k + 22, -2); pen.stroke(); });
  }), { pixelRatio: 2 });
  map.addImage("dots", flexsites.drawn(16, 16, (pen) => {
    pen.fillStyle = "rgba(255,255,255,.95)";
    [[4, 4], [12, 12]].forEach(([x, y]) => { pen.beginPath(); pen.arc(x, y, 2.1, 0, 7); pen.fill(); });
  }), { pixelRatio: 2 });
  map.on("styleimagemissing", (event) => {
    const [what, kind, ...text] = event.id.split(":");
    if (what === "text" && !map.hasImage(event.id)) { map.addImage(event.id, flexsites.label(text.join(":"), kind), { pixelRatio: 2 }); }
  });
};
flexsites.drawn = function (width, height, draw) {
  const canvas = document.createElement("canvas");
  canvas.width = width; canvas.height = height;
  const pen = canvas.getContext("2d");
  draw(pen);
  return pen.getImageData(0, 0, width, height);
};
flexsites.label = function (text, kind) {
  const size = { street: 20, buurt: 22, wijk: 25, gemeente: 30 }[kind] || 24;
  const font = `${kind === "street" ? 400 : 600} ${size}px "Segoe UI", system-ui, "DejaVu Sans", sans-serif`;
  const measure = document.createElement("canvas").getContext("2d");
  measure.font = font;
  const width = Math.ceil(measure.measureText(text).width) + 12;
  return flexsites.drawn(Math.max(width, 14), size + 14, (pen) => {
    pen.font = font; pen.textBaseline = "middle"; pen.lineJoin = "round";
    pen.strokeStyle = "rgba(255,255,255,.92)"; pen.lineWidth = 6; pen.strokeText(text, 6, size / 2 + 7);
    pen.fillStyle = kind === "street" ? "#3d3729" : "#22303c"; pen.fillText(text, 6, size / 2 + 7);
  });
};
/* The base map of the national mapping agency: the one thing that needs the internet, and only when asked for. */
flexsites.baseMap = function (map, base, isOn) {
  if (isOn && !map.getSource("base")) {
    map.addSource("base", { type: "raster", tiles: [base.url], tileSize: 256, attribution: base.attribution, maxzoom: base.max_zoom });
    map.addLayer({ id: "base", type: "raster", source: "base" }, "parcels");
  }
  const show = (name, shown) => { if (map.getLayer(name)) { map.setLayoutProperty(name, "visibility", shown ? "visible" : "none"); } };
  show("base", isOn);
  ["water", "buildings", "small-streets", "main-streets", "rail", "street-names", "names"].forEach((name) => show(name, !isOn));
};
