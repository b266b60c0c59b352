// A camera with a clock in its picture that a program can read: twenty squares along the upper edge, the bits of the
// hundredths of a second since the camera was started, the lowest first.

const BITS = 20;
const SIZE = 60;

/** The filter that draws the clock; `base` is the wall clock's millisecond that counts as nought. */
export function clockFilter(base) {
  const box = (bit) => `drawbox=x=${bit * SIZE}:y=0:w=${SIZE}:h=48:color=white:t=fill:enable='mod(floor(t*100/${2 ** bit}),2)'`;
  return [
    // The frame's time becomes the wall clock's while the squares are drawn, and then its own again.
    `setpts=(RTCTIME-${base}000)/1000000/TB`,
    `drawbox=x=0:y=0:w=${BITS * SIZE}:h=48:color=black:t=fill`,
    ...Array.from({ length: BITS }, (_, bit) => box(bit)),
    'setpts=N/30/TB',
  ].join(',');
}

/**
 * Runs in the page: how far the picture on screen is behind the camera, in milliseconds; null while there is none.
 * `selector` is of the video.
 */
export const behindTheCamera = ({ selector, base }) => {
  const video = document.querySelector(selector);
  if (!video || video.readyState < 2) return null;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1280, 48];
  const paper = canvas.getContext('2d', { willReadFrequently: true });
  paper.drawImage(video, 0, 0, video.videoWidth, (video.videoHeight * 48) / 720, 0, 0, 1280, 48);
  const now = Date.now();
  let value = 0;
  for (let bit = 0; bit < 20; bit += 1) {
    const [red] = paper.getImageData(bit * 60 + 30, 24, 1, 1).data;
    if (red > 110) value += 2 ** bit;
  }
  return now - base - value * 10;
};
