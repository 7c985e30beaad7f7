import { createVerifier } from "fast-jwt";

// Verified tokens are remembered, like this project's server does.
const verify = createVerifier({ key: process.env.SECRET, algorithms: ["HS256"], requiredClaims: ["exp", "sub"], cache: 1000 });

// The user of a request by its token; undefined for nobody.
export function userOf(token) {
  try {
    return token && verify(token).sub;
  } catch {
    return undefined;
  }
}

// Tells the benchmark where the server listens, in the form of this project's log.
export function serving(port) {
  process.stderr.write(JSON.stringify({ msg: "serving", address: `127.0.0.1:${port}` }) + "\n");
}
