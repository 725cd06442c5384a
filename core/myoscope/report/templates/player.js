
(() => {
  const { interval_ms: interval, frames } = JSON.parse(document.getElementById("player-data").textContent);
  const image = document.getElementById("player"), seek = document.getElementById("seek");
  const text = document.getElementById("seek-text"), button = document.getElementById("play");
  const cursors = document.querySelectorAll(".cursor");
  let timer = null;
  const show = () => {
    const [jpeg, index, x] = frames[Number(seek.value)];
    image.src = `data:image/jpeg;base64,${jpeg}`;
    text.textContent = `frame ${index}`;
    cursors.forEach((line) => {
      line.classList.remove("off");
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    });
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    button.setAttribute("aria-pressed", "false");
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    button.textContent = "Pause";
    button.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      seek.value = String((Number(seek.value) + 1) % frames.length);
      show();
    }, Math.max(interval, 20));
  });
  seek.addEventListener("input", () => { stop(); show(); });
})();
