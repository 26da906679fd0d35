resource "google_compute_firewall" "off" {
  name    = "off"
  network = "n"
  disabled = true
  direction = "EGRESS"
  priority = 1
  destination_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "all"
  }
}
resource "google_compute_firewall" "on" {
  name    = "on"
  network = "n"
  disabled = false
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
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
