// A page whose only control is that of its colours.

document.querySelector("header").append(themeButton());
