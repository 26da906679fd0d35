module "gke" {
  source = "terraform-google-modules/kubernetes-engine/google//modules/private-cluster"
  firewall_inbound_ports = ["15017"]
}
