resource "google_compute_firewall" "tag" {
  name    = "tag"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  target_tags = [var.tag]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "net" {
  name    = "net"
  network = var.network
  direction = "EGRESS"
  destination_ranges = ["198.51.100.0/24"]
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
