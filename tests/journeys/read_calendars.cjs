// What ical.js reads in each of the calendars on standard input: a JSON list of texts.
const ICAL = require(process.argv[2]);

const first = (component, name) => component.getFirstPropertyValue(name);
const instant = (time) => (time.zone === ICAL.Timezone.utcTimezone ? time.toJSDate().toISOString() : `not UTC: ${time}`);
const people = (event, name) =>
  event.getAllProperties(name).map((person) => [person.getFirstValue(), person.getParameter("cn") ?? null]);

function read(body) {
  const calendar = new ICAL.Component(ICAL.parse(body));
  const events = calendar.getAllSubcomponents("vevent").map((event) => ({
    uid: first(event, "uid"),
    sequence: first(event, "sequence"),
    status: first(event, "status"),
    summary: first(event, "summary"),
    description: first(event, "description"),
    url: first(event, "url"),
    conference: event.getAllProperties("conference").map((call) => call.getFirstValue()),
    start: instant(first(event, "dtstart")),
    end: instant(first(event, "dtend")),
    stamp: instant(first(event, "dtstamp")),
    organizer: people(event, "organizer"),
    attendee: people(event, "attendee"),
  }));
  return { method: first(calendar, "method"), name: first(calendar, "x-wr-calname"), events };
}

const bodies = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(bodies.map(read)));
