module "gke" {
  source = "terraform-google-modules/kubernetes-engine/google//modules/private-cluster"
  add_master_webhook_firewall_rules = true
  firewall_inbound_ports            = ["443-80", "70000", "https", true]
  master_ipv4_cidr_block            = "172.16.0.1/28"
}
