"""公共数据目录：资源、信息项、版本、变更流、汇聚情况、一件事: the one catalogue: resources, information items, versions, change feed, coverage, life-event bundles."""
