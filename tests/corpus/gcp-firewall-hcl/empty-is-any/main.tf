resource "google_compute_firewall" "none" {
  name    = "none"
  network = "n"
  direction          = "EGRESS"
  destination_ranges = []
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "no_tags" {
  name    = "no_tags"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  target_tags = []
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "rest" {
  name    = "rest"
  network = "n"
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]
  deny {
    protocol = "all"
  }
}
