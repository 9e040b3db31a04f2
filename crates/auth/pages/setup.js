"use strict";
// The secret stands in the fragment, which browsers do not send; it goes into the form and out of the address.
if (location.hash.length > 1) {
  document.getElementById("secret").value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
