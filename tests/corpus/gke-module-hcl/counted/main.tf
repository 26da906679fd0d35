module "gke" {
  source = "terraform-google-modules/kubernetes-engine/google//modules/private-cluster"
  count                             = var.clusters
  add_master_webhook_firewall_rules = true
  firewall_inbound_ports            = ["15017"]
}
