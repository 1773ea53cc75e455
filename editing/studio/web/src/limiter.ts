// The end of the mixer: what keeps loud passages within full scale.

const HEADROOM = 1.6; // of the mixer of the renderer (renderer/mixer.py), as is KNEE
const KNEE = 0.7;
const CURVE_RANGE = 4;

/** What bends peaks as renderer/mixer.py does: straight up to the knee, then as by tanh. */
export function limiter(context: AudioContext): AudioNode {
  const input = new GainNode(context, { gain: 1 / CURVE_RANGE });
  const curve = Float32Array.from({ length: 8193 }, (_, i) => {
    const value = HEADROOM * CURVE_RANGE * (i / 4096 - 1);
    const over = Math.abs(value) - KNEE;
    return over <= 0 ? value : Math.sign(value) * (KNEE + (1 - KNEE) * Math.tanh(over / (1 - KNEE)));
  });
  input.connect(new WaveShaperNode(context, { curve })).connect(context.destination);
  return input;
}
