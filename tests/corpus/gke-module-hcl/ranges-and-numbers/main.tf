module "gke" {
  source = "terraform-google-modules/kubernetes-engine/google//modules/private-cluster"
  add_master_webhook_firewall_rules = "true"
  firewall_inbound_ports            = [443, "8000-8100", "15017"]
}
