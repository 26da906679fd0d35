module "gke" {
  source = "terraform-google-modules/kubernetes-engine/google//modules/private-cluster"
  add_master_webhook_firewall_rules = true
  firewall_inbound_ports            = ["15017"