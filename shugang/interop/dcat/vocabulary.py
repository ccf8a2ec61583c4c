"""Namespaces, and our words in those of the EU's authority tables."""

from __future__ import annotations

EU = "http://publications.europa.eu/resource/authority"
PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "oa": "http://www.w3.org/ns/oa#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FREQUENCY = {"real_time": "UPDATE_CONT", "daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "quarterly": "QUARTERLY",
             "half_yearly": "ANNUAL_2", "yearly": "ANNUAL", "irregular": "IRREG"}  # fmt: skip
THEME = {
    "government": "GOVE", "economy": "ECON", "land_energy": "ENER", "industry_transport": "TRAN", "information": "TECH",
    "construction_environment": "ENVI", "agriculture_water": "AGRI", "finance": "ECON", "commerce": "ECON", "tourism": "ECON",
    "weather_survey": "ENVI", "foreign": "INTR", "justice": "JUST", "science_education": "EDUC", "culture_health": "HEAL",
    "labour": "SOCI", "civil": "SOCI",
}  # fmt: skip
THEME_LABELS = {
    "GOVE": "Government and public sector", "ECON": "Economy and finance", "ENER": "Energy", "TRAN": "Transport",
    "TECH": "Science and technology", "ENVI": "Environment", "AGRI": "Agriculture, fisheries, forestry and food",
    "INTR": "International issues", "JUST": "Justice, legal system and public safety", "EDUC": "Education, culture and sport",
    "HEAL": "Health", "SOCI": "Population and society",
}  # fmt: skip
ACCESS = {"unconditional": "PUBLIC", "conditional": "RESTRICTED", "refused": "NON_PUBLIC"}
FILE_TYPE = {"csv": "CSV", "xlsx": "XLSX", "parquet": "PARQUET", "jsonl": "JSON"}
CHINESE = f"{EU}/language/ZHO"
