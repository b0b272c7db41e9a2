/**
 * Standard normal distribution, computed by arithmetic that every JavaScript engine rounds alike, so that a
 * seed gives the same bytes everywhere.
 */

/** Coefficients, highest power first. */
type Polynomial = readonly number[];

const central: [Polynomial, Polynomial] = [
  [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
    1971.5909503065513, 133.14166789178438, 3.3871328727963665,
  ],
  [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
    687.1870074920579, 42.31333070160091, 1,
  ],
];

const middle: [Polynomial, Polynomial] = [
  [
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  [
    1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
];

const far: [Polynomial, Polynomial] = [
  [
    2.0103343992922881e-7, 0.000027115555687434876, 0.0012426609473880784, 0.026532189526576124,
    0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  [
    2.0442631033899397e-15, 1.421511758316446e-7, 0.000018463183175100548, 0.0007868691311456133,
    0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
  ],
];

/**
 * Returns the quantile `p` of the standard normal distribution, to about 1 part in 10^16.
 *
 * Source: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
 *
 * @param p probability in [0, 1]; 0 and 1 give the infinities
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    return q * ratio(central, 0.180625 - q * q);
  }
  const tail = q < 0 ? p : 1 - p;
  if (tail <= 0) {
    return q < 0 ? -Infinity : Infinity;
  }
  const r = Math.sqrt(-Math.log(tail));
  const value = r <= 5 ? ratio(middle, r - 1.6) : ratio(far, r - 5);
  return q < 0 ? -value : value;
}

/** Returns the probability of values below `x`: inverts the quantile by bisection. */
export function normalCdf(x: number): number {
  if (x > 0) {
    // The lower tail has the digits that 1 - p would lose.
    return 1 - normalCdf(-x);
  }
  let low = 0;
  let high = 0.5;
  for (;;) {
    const p = (low + high) / 2;
    if (p === low || p === high) {
      return p;
    }
    if (normalQuantile(p) < x) {
      low = p;
    } else {
      high = p;
    }
  }
}

function ratio([numerator, denominator]: readonly [Polynomial, Polynomial], x: number): number {
  return evaluate(numerator, x) / evaluate(denominator, x);
}

function evaluate(polynomial: Polynomial, x: number): number {
  let sum = 0;
  for (const coefficient of polynomial) {
    sum = sum * x + coefficient;
  }
  return sum;
}
