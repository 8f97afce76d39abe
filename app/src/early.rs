//! What somebody does before the page hears it. Links and forms work without scripts; any other button is seen from the
//! first paint on, and a click on it would be lost while the program is still on its way. Knows no button.

/// Remembers the last click on such a button, and gives it to the page once that listens (`live` says so).
pub const KEEP_CLICK: &str = r#"(() => {
  const root = document.documentElement, hears = () => root.hasAttribute("data-hydrated");
  let kept;
  addEventListener("click", (event) => {
    if (!hears()) kept = event.target.closest?.("button[type=button]") ?? kept;
  }, true);
  new MutationObserver((_, observer) => {
    if (!hears()) return;
    observer.disconnect();
    if (kept?.isConnected) kept.click();
  }).observe(root, { attributeFilter: ["data-hydrated"] });
})()"#;
