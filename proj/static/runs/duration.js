// Seconds in words, as templatetags/runs.py writes them.
import { say } from "../rooms/words.js";

export function duration(seconds) {
  const whole = Math.floor(seconds);
  const parts = { hours: Math.floor(whole / 3_600), minutes: Math.floor(whole / 60) % 60, seconds: whole % 60 };
  if (parts.hours) return say("duration.hours", parts);
  return say(parts.minutes ? "duration.minutes" : "duration.seconds", parts);
}
