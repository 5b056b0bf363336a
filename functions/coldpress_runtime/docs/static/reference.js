// Swagger UI on the function's own document; modules run after the deferred bundle.

window.SwaggerUIBundle({
  dom_id: "#reference",
  url: new URL("openapi.json", document.baseURI).href,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // The badge would ask a validator on another host.
  validatorUrl: null,
});
