locals {
  webhooks = ["8443", "15017"]
  on       = true
}
module "gke" {
  source = "terraform-google-modules/kubernetes-engine/google//modules/private-cluster"
  add_master_webhook_firewall_rules = local.on
  firewall_inbound_ports            = concat(local.webhooks, ["9443"])
}
