resource "google_compute_firewall" "first" {
  name    = "first"
  network = "n"
  direction = "EGRESS"
  priority = 100
  destination_ranges = ["192.0.2.128/25"]
  deny {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "second" {
  name    = "second"
  network = "n"
  direction = "EGRESS"
  priority = 200
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "third" {
  name    = "third"
  network = "n"
  direction = "EGRESS"
  priority = 200
  destination_ranges = ["192.0.2.0/26"]
  deny {
    protocol = "all"
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
