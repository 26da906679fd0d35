variable "services" {
  default = { tcp = ["443"], udp = ["53", "123"] }
}
resource "google_compute_firewall" "dyn" {
  name               = "dyn"
  network            = "n"
  direction          = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  dynamic "allow" {
    for_each = var.services
    content {
      protocol = allow.key
      ports    = allow.value
    }
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
