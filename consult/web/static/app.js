// The pages work without any of this; each module makes one thing easier.
import { chart } from "./chart.js";
import { copy } from "./copy.js";
import { countdown } from "./countdown.js";
import { errors } from "./errors.js";
import { reveal } from "./reveal.js";
import { zone } from "./zone.js";

for (const start of [reveal, chart, zone, countdown, copy, errors]) start(document);
