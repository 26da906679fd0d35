resource "google_compute_firewall" "a" {
  name    = "a"
  network = google_compute_network.a.id
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "b" {
  name    = "b"
  network = "projects/p/global/networks/b"
  direction = "EGRESS"
  destination_ranges = ["198.51.100.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "a_rest" {
  name    = "a_rest"
  network = google_compute_network.a.self_link
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]
  deny {
    protocol = "all"
  }
}
