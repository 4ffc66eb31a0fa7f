// What BigCommerce's App SDK visibly does inside a control panel's frame, in words of our own:
// it tells the frame's address on every new one and says when the person logs out. That it also
// keeps the control panel's session alive while somebody types has no counterpart here.

if (window.parent !== window) {
  // Whoever embeds the frame may read this, so the address must not hold a secret.
  const tell = (what) => window.parent.postMessage({ sandboxSdk: what, url: location.href }, "*");

  window.Bigcommerce = {
    init({ onLogout }) {
      window.addEventListener("message", (event) => {
        if (event.source === window.parent && event.data === "sandbox-logout") onLogout();
      });
      const pushState = history.pushState.bind(history);
      history.pushState = (...given) => {
        pushState(...given);
        tell("address");
      };
      window.addEventListener("popstate", () => tell("address"));
      tell("address");
    },
  };
  window.bcAsyncInit?.();
}
