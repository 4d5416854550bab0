/* The map of a report: all of it stands in the page. */
"use strict";
(async function () {
  const content = await flexsites.unpack(flexsites.byId("map-content").textContent);
  await flexsites.start(new flexsites.Inline(content), content);
})();
