resource "google_compute_firewall" "a" {
  name    = "a"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }