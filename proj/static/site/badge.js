// Shows in the tab's title and icon the number of mentions, or of unread messages.
const icon = document.querySelector('link[rel="icon"]');
const plain = { title: document.title, icon: icon.href };

let told = { unread: 0, mentioned: 0 };

/** The page has another title now. */
export function retitle(title) {
  plain.title = title;
  badge(told);
}

/** `unread` and `mentioned` are numbers of messages in all rooms. */
export function badge({ unread, mentioned }) {
  told = { unread, mentioned };
  const title = (mentioned ? `(${mentioned}) ` : unread ? "• " : "") + plain.title;
  if (document.title !== title) document.title = title;
  const href = mentioned ? icon.dataset.mentioned : unread ? icon.dataset.unread : plain.icon;
  if (icon.getAttribute("href") !== href) icon.href = href;
}
