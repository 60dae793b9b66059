// Light, dark, or as the system has it. A plain script in the head, so that no page flashes in the wrong colours.
(() => {
  const NAMES = ["auto", "light", "dark"];
  const read = () => {
    try {
      return localStorage.getItem("theme") ?? "auto";
    } catch {
      return "auto"; // storage is switched off
    }
  };
  const apply = (name) => {
    document.documentElement.dataset.theme = NAMES.includes(name) ? name : "auto";
    window.dispatchEvent(new CustomEvent("theme"));
  };
  window.theme = {
    names: NAMES,
    current: () => document.documentElement.dataset.theme,
    choose(name) {
      try {
        localStorage.setItem("theme", name);
      } catch {
        // it lasts for this page only
      }
      apply(name);
    },
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(read()));
  apply(read());
})();
