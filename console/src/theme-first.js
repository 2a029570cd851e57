// Runs before the first paint: the theme that was chosen, so that a dark page never flashes white.
(function () {
  try {
    var theme = localStorage.getItem("mainstem.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (_) {
    // No storage: the system's theme it is.
  }
})();
