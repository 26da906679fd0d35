resource "google_compute_firewall" "p" {
  name    = "p"
  network = "n"
  direction = "EGRESS"
  priority = var.priority
  destination_ranges = ["192.0.2.0/25"]
  deny {
    protocol = "all"
  }
}
resource "google_compute_firewall" "port" {
  name    = "port"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443", var.port]
  }
}
resource "google_compute_firewall" "range" {
  name    = "range"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["${var.block}"]
  allow {
    protocol = "tcp"
    ports    = ["8443"]
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
