// SPDX-License-Identifier: ISC
// Copyright (c) 2026 The sdr authors

// Makes pages live that are complete without it. It never builds markup from
// a text: what is new comes from the server as a page, or is set as text.

const root = document.documentElement;
const one = (query, from = document) => from.querySelector(query);
const all = (query, from = document) => [...from.querySelectorAll(query)];

document.body.classList.add("script");

// ---- times in the reader's zone ----

const DAY = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const date = new Intl.DateTimeFormat(undefined,
    { dateStyle: "medium", timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined,
    { dateStyle: "full", timeStyle: "long" });

function localTimes(from) {
	for (const time of all("time[datetime]", from)) {
		const at = new Date(time.dateTime);
		const old = Math.abs(Date.now() - at) > DAY;
		time.textContent = (old ? date : clock).format(at);
		time.title = full.format(at);
	}
}

// ---- theme: kept in a cookie, so that the server renders it ----

function toggleTheme() {
	const system = matchMedia("(prefers-color-scheme: dark)").matches ?
	    "dark" : "light";
	const now = root.dataset.theme ?? system;
	const next = now === "dark" ? "light" : "dark";

	root.dataset.theme = next;
	document.cookie = `theme=${next}; path=/; max-age=31536000; ` +
	    "SameSite=Strict";
}

// ---- dialogs: a page that asks becomes one ----

function closeOnBackdrop(dialog) {
	dialog.addEventListener("click", (event) => {
		if (event.target === dialog)
			dialog.close();
	});
}

async function askFirst(link) {
	const answer = await fetch(link.href);
	const page = new DOMParser().parseFromString(await answer.text(),
	    "text/html");
	const form = one("main .confirm", page);
	if (!answer.ok || form === null) {
		location.href = link.href;
		return;
	}
	const dialog = document.createElement("dialog");
	dialog.append(document.adoptNode(form));
	one("[data-back]", dialog)?.addEventListener("click", (event) => {
		event.preventDefault();
		dialog.close();
	});
	dialog.addEventListener("close", () => {
		dialog.remove();
		link.focus();
	});
	closeOnBackdrop(dialog);
	document.body.append(dialog);
	dialog.showModal();
}

// ---- keys ----

const GO = { j: "/", a: "/accounts", u: "/upload", s: "/system" };
let going = false;

function typing(target) {
	return target.matches?.("input, select, textarea, [contenteditable]");
}

function onKey(event) {
	if (event.ctrlKey || event.metaKey || event.altKey ||
	    typing(event.target) || one("dialog[open]"))
		return;
	if (going && GO[event.key] !== undefined)
		location.href = GO[event.key];
	else if (event.key === "/")
		one("input[type=search]")?.focus();
	else if (event.key === "?")
		one("#help").showModal();
	else if (event.key === "t")
		toggleTheme();
	else {
		going = event.key === "g";
		return;
	}
	going = false;
	event.preventDefault();
}

// ---- live regions ----

let fetching = false;
let again = false;
let fetched = 0;

function swap(page) {
	const focus = document.activeElement;

	for (const region of all("[data-live]")) {
		const fresh = page.getElementById(region.id);
		if (fresh === null || region.contains(focus) && typing(focus))
			continue;
		localTimes(fresh);
		if (fresh.innerHTML !== region.innerHTML)
			region.replaceChildren(...document.adoptNode(fresh)
			    .childNodes);
	}
	const say = page.querySelector("[data-say]")?.dataset.say;
	if (say)
		one("[data-say]").dataset.say = say;
	if (focus.id && !focus.isConnected)
		document.getElementById(focus.id)?.focus();
	document.title = page.title;
}

// The same page once more; never two at a time, nor more than one a second.
async function refresh() {
	again = true;
	if (fetching)
		return;
	fetching = true;
	while (again) {
		again = false;
		const rest = fetched + 1000 - Date.now();
		if (rest > 0)
			await new Promise((done) => setTimeout(done, rest));
		try {
			const answer = await fetch(location.href);
			if (answer.ok)
				swap(new DOMParser().parseFromString(
				    await answer.text(), "text/html"));
		} catch {
			again = false;	// the next event tries once more
		}
		fetched = Date.now();
	}
	fetching = false;
}

let told = 0;

// Progress for those who listen: twice a minute is enough.
function announce() {
	const say = one("#say");
	const text = one("[data-say]")?.dataset.say;
	if (text && say.textContent !== text && Date.now() - told > 30_000) {
		say.textContent = text;
		told = Date.now();
	}
}

// ---- a job's log ----

const KEEP = 500;
let log = null;
let paused = false;
const waiting = [];

function wanted(item) {
	const text = one("#log-filter").value.trim().toLowerCase();
	return item.textContent.toLowerCase().includes(text);
}

function logItem(event) {
	const item = document.createElement("li");
	const time = document.createElement("time");
	const kind = document.createElement("span");
	const text = document.createElement("span");

	time.dateTime = event.happened_at;
	kind.className = "kind";
	kind.textContent = event.kind;
	text.textContent = event.message;
	if (event.account) {
		const link = document.createElement("a");
		link.href = `/accounts/${Number(event.account)}`;
		link.textContent = `#${Number(event.account)}`;
		text.append(" ", link);
	}
	item.dataset.event = event.event;
	item.append(time, kind, text);
	localTimes(item);
	item.hidden = !wanted(item);
	return item;
}

function showEvents() {
	const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 40;
	const last = Number(log.lastElementChild?.dataset.event ?? 0);

	for (const event of waiting.splice(0))
		if (event.event > last)
			log.append(logItem(event));
	while (log.childElementCount > KEEP)
		log.firstElementChild.remove();
	one("#log-empty")?.toggleAttribute("hidden",
	    log.childElementCount > 0);
	if (atEnd)
		log.scrollTop = log.scrollHeight;
}

function setUpLog() {
	log = one("#log");
	if (log === null)
		return;
	const button = one("#log-pause");
	button.addEventListener("click", () => {
		paused = !paused;
		button.setAttribute("aria-pressed", paused);
		button.textContent = paused ? "Go on" : "Pause";
		if (!paused)
			showEvents();
	});
	one("#log-filter").addEventListener("input", () => {
		for (const item of log.children)
			item.hidden = !wanted(item);
	});
	log.scrollTop = log.scrollHeight;
}

// ---- where news come from ----

function listen(path) {
	const stream = new EventSource(path);
	stream.addEventListener("job", refresh);
	stream.addEventListener("event", (message) => {
		waiting.push(JSON.parse(message.data));
		if (waiting.length > KEEP)
			waiting.shift();
		if (!paused)
			showEvents();
	});
	addEventListener("pagehide", () => stream.close());
}

function setUpNews() {
	const stream = document.body.dataset.stream;
	const every = Number(document.body.dataset.every ?? 0);

	if (stream)
		listen(stream);
	if (every > 0)
		setInterval(() => {
			if (!document.hidden)
				refresh().then(announce);
		}, every * 1000);
	if (stream)
		setInterval(announce, 5000);
}

// ---- accounts: tick all ----

function setUpTicks() {
	const every = one("#tick-all");
	if (every === null)
		return;
	const ticks = all("input[name=account]");
	const button = one("#retry-ticked");
	every.hidden = button === null;
	if (button === null)
		return;
	const count = () => {
		const n = ticks.filter((tick) => tick.checked).length;
		button.disabled = n === 0;
		one("span", button).textContent = n > 0 ? ` (${n})` : "";
		every.checked = n === ticks.length && n > 0;
		every.indeterminate = n > 0 && n < ticks.length;
	};
	every.addEventListener("change", () => {
		for (const tick of ticks)
			tick.checked = every.checked;
		count();
	});
	for (const tick of ticks)
		tick.addEventListener("change", count);
	count();
}

// ---- upload: drop a file ----

function setUpDrop() {
	const drop = one(".drop");
	const input = one(".drop input[type=file]");
	if (input === null)
		return;
	const send = () => {
		if (input.files.length === 0)
			return;
		one("button", drop).disabled = true;
		one("button", drop).textContent = "Reading the file …";
		drop.requestSubmit ? drop.requestSubmit() : drop.submit();
	};
	drop.addEventListener("dragover", (event) => {
		event.preventDefault();
		drop.classList.add("over");
	});
	drop.addEventListener("dragleave", () =>
	    drop.classList.remove("over"));
	drop.addEventListener("drop", (event) => {
		event.preventDefault();
		drop.classList.remove("over");
		input.files = event.dataTransfer.files;
		send();
	});
	input.addEventListener("change", send);
}

// A change of the mapping shows its effect at once.
function setUpMapping() {
	const form = one("#mapping");
	form?.addEventListener("change", () => form.submit());
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
	const link = event.target.closest?.("a[data-ask]");
	if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
		event.preventDefault();
		askFirst(link);
	}
});
one("#theme")?.addEventListener("click", toggleTheme);
one("#show-help")?.addEventListener("click", () => one("#help").showModal());
one("#print")?.addEventListener("click", () => print());
closeOnBackdrop(one("#help"));
localTimes(document);
setUpLog();
setUpNews();
setUpTicks();
setUpDrop();
setUpMapping();
