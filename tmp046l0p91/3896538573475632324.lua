
math.randomseed(7)
wrk.headers["Authorization"] = "Bearer k1"
request = function()
  return wrk.format("GET", string.format("/hello?prefix7=%d", 1300000 + math.random(0, 499999)))
end
