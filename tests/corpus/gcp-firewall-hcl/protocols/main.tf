resource "google_compute_firewall" "all" {
  name    = "all"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "all"
  }
}
resource "google_compute_firewall" "n" {
  name    = "n"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["198.51.100.0/24"]
  allow {
    protocol = "50"
  }
}
resource "google_compute_firewall" "w" {
  name    = "w"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["198.51.100.0/24"]
  allow {
    protocol = "esp"
  }
}
resource "google_compute_firewall" "s" {
  name    = "s"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["203.0.113.0/24"]
  allow {
    protocol = "sctp"
    ports    = ["1-10", "5"]
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
