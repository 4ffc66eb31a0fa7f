// Imitates the part of BigCommerce's App SDK that the app can observe: it reports the app's URL
// after each navigation and calls `onLogout`. The real SDK also keeps the control panel's session
// alive while the user types; the sandbox has no such session.

if (window.parent !== window) {
  // Any embedding page receives this message, so the URL must not contain a secret.
  const report = (event) =>
    window.parent.postMessage({ sandboxSdk: event, url: location.href }, "*");

  window.Bigcommerce = {
    init({ onLogout }) {
      window.addEventListener("message", (event) => {
        if (event.source === window.parent && event.data === "sandbox-logout") onLogout();
      });
      const pushState = history.pushState.bind(history);
      history.pushState = (...args) => {
        pushState(...args);
        report("url");
      };
      window.addEventListener("popstate", () => report("url"));
      report("url");
    },
  };
  window.bcAsyncInit?.();
}
